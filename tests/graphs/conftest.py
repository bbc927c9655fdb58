"""Fixture of hostile SavedModels and their findings, made once in a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model_files import written_once


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder written by :mod:`tests.graphs.hostile_models`."""
    return written_once("tests.graphs.hostile_models", "hostile", tmp_path_factory)
