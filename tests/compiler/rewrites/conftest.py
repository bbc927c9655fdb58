"""What compiling each model of :mod:`tests.compiler.rewrites.cases` comes to, in one process for all of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]

Outcomes = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Engine, rewrites, reasons and differences by case."""
    target = tmp_path_factory.mktemp("rewrites") / "outcomes.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.compiler.rewrites.cases", str(target)],
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    outcomes: Outcomes = json.loads(target.read_text())
    return outcomes
