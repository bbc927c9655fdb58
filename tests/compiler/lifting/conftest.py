"""Results of compiling :mod:`tests.compiler.lifting.cases`, in one process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.model_files import written_once

Outcomes = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Return engine, rewrites, reasons and differences by case."""
    target = written_once("tests.compiler.lifting.cases", "lifting.json", tmp_path_factory)
    found: Outcomes = json.loads(target.read_text())
    return found
