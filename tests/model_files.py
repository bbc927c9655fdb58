"""Write model files in a process of their own, so that the tests' process never imports TensorFlow."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def write(module: str, target: Path) -> str:
    """Run a module with a folder or file that it fills, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, str(target)],
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def written_once(module: str, name: str, factory: pytest.TempPathFactory) -> Path:
    """Return the folder or file that a module writes, written by the first worker of pytest-xdist that needs it."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    target, partial = shared / name, shared / f"partial-{name}"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            if not target.suffix:
                partial.mkdir()
            write(module, partial)
            partial.rename(target)
    return target
