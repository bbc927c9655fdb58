"""Commands of pages: run as a reader runs them, with the server that they need."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.bundles import Registries
from tests.emulator import ROOT
from tests.pages import Block


def reader_environment(registries: Registries, registry: Path) -> dict[str, str]:
    """Return an environment with a copy of the examples, which commands may change."""
    scikit_learn = registries.examples.with_name("sklearn")
    for folder in (registries.examples, scikit_learn, registries.transformed, registries.applications):
        shutil.copytree(folder, registry, dirs_exist_ok=True)
    others = ("LIGHTSHIP_", "MAKE", "MFLAGS", "PORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**kept, "LIGHTSHIP_REGISTRY": str(registry)}


@contextmanager
def serving(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    """Run a command that serves, and wait until it shows its first command."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    try:
        shown = ""
        for line in process.stdout:
            shown += line
            if line.startswith("curl "):
                break
        else:
            pytest.fail(f"`{' '.join(command)}` did not print a panel:\n{shown}")
        assert "http://127.0.0.1:8000" in shown
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)  # like Ctrl-C
        process.communicate(timeout=30)


def check(block: Block, environment: dict[str, str]) -> None:
    """Run a block and compare its output with what the page shows."""
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    if "curl" in block.script and block.expected is None:
        assert '{"error"' not in run.stdout
    if block.table is not None:
        lines = run.stdout.splitlines()
        shown = lines[lines.index(block.table[0]) :]
        assert _cells(shown) == _approximately(_cells(block.table))
    if block.expected is not None:
        assert json.loads(run.stdout) == _approximately(json.loads(block.expected))


def _approximately(value: Any) -> Any:
    """Return a value that equals this one, floats approximately."""
    if isinstance(value, dict):
        return {key: _approximately(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_approximately(item) for item in value]
    return pytest.approx(value, abs=0.01) if isinstance(value, float) else value


def _cells(lines: list[str]) -> list[Any]:
    """Return a CSV's rows, decimal numbers as floats."""
    return [[float(cell) if re.fullmatch(r"\d+\.\d+", cell) else cell for cell in line.split(",")] for line in lines]
