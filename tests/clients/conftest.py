"""Public clients, unmodified: each in its own environment, against a real server."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bundles import Registries
from tests.cli.test_serve import running
from tests.emulator import ROOT

Client = Callable[..., str]


@pytest.fixture(scope="session")
def served(registries: Registries) -> Iterator[str]:
    """Return the URL of a server whose models callers may load and unload."""
    with running("serve", "--registry", str(registries.small), LIGHTSHIP_ALLOW_ADMIN="1") as (_, url):
        yield url


@pytest.fixture(scope="session")
def client() -> Client:
    """Return a function that runs ``tests/clients/SCRIPT ARGUMENT…``.

    It uses the Python of the client's environment; a failure shows the output.
    """

    def run(name: str, script: str, *arguments: str) -> str:
        python = environment(name) / "bin" / "python"
        clean = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        done = subprocess.run(
            [python, Path(__file__).with_name(script), *arguments],
            env=clean,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def environment(name: str) -> Path:
    """Return the environment with the pins of requirements/clients/NAME.txt.

    It is created once, and again after the file has changed.
    """
    requirements = ROOT / "requirements" / "clients" / f"{name}.txt"
    folder = ROOT / "build" / "clients" / name
    stamp, digest = folder / "made-from", hashlib.sha256(requirements.read_bytes()).hexdigest()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_suffix(".lock")):
        if not stamp.is_file() or stamp.read_text() != digest:
            shutil.rmtree(folder, ignore_errors=True)
            _uv("venv", "--python", sys.executable, str(folder))
            _uv(
                "pip",
                "install",
                "--python",
                str(folder / "bin" / "python"),
                "--require-hashes",
                "-r",
                str(requirements),
            )
            stamp.write_text(digest)
    return folder


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock, so that concurrent test runs do not create the same environment."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _uv(*words: str) -> None:
    """Run uv in a temporary folder, where this project's constraints do not apply."""
    command = [Path(sys.executable).with_name("uv"), "--quiet", *words]
    folder = tempfile.gettempdir()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
