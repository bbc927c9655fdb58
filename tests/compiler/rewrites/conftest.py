"""Results of compiling :mod:`tests.compiler.rewrites.cases`, in one process."""

from __future__ import annotations

import pytest

from tests.compiler.conftest import Outcomes
from tests.model_files import results_once


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Return engine, rewrites, reasons and differences by case."""
    found: Outcomes = results_once("tests.compiler.rewrites.cases", "rewrites.json", tmp_path_factory)
    return found
