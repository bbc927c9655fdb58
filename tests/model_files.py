"""Model files, written by another process so that tests never import TensorFlow."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def write(module: str, target: Path) -> str:
    """Run a module that writes a folder or file, and return its output."""
    done = subprocess.run(
        [sys.executable, "-m", module, str(target)],
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def written_once(module: str, name: str, factory: pytest.TempPathFactory) -> Path:
    """Return the folder or file that a module writes, once for all xdist workers."""
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


def results_once(module: str, name: str, factory: pytest.TempPathFactory) -> Any:
    """Return the content of a JSON file that a module writes, once for all workers."""
    return json.loads(written_once(module, name, factory).read_text())
