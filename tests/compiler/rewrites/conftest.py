"""What compiling each model of :mod:`tests.compiler.rewrites.cases` comes to, in one process for all of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.model_files import write

Outcomes = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Engine, rewrites, reasons and differences by case."""
    target = tmp_path_factory.mktemp("rewrites") / "outcomes.json"
    write("tests.compiler.rewrites.cases", target)
    outcomes: Outcomes = json.loads(target.read_text())
    return outcomes
