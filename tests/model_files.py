"""Write model files in a process of their own, so that the tests' process never imports TensorFlow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
