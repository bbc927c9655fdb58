"""Real clients, unmodified: each in an environment of its own, against a real server."""

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
    """The URL of a server with the small bundles, which callers may load and unload."""
    with running("serve", "--registry", str(registries.small), LIGHTSHIP_ALLOW_ADMIN="1") as (_, url):
        yield url


@pytest.fixture(scope="session")
def client() -> Client:
    """Run ``tests/clients/SCRIPT ARGUMENT…`` with the Python that has the client; a failure shows what it said."""

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
    """The environment with what requirements/clients/NAME.txt pins: made once, and again when the file changes."""
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
    """Two runs of the tests at once do not make one environment at the same time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _uv(*words: str) -> None:
    """Somewhere else, because uv would heed this project's own constraints."""
    command = [Path(sys.executable).with_name("uv"), "--quiet", *words]
    elsewhere = tempfile.gettempdir()
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
