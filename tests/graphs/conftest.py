"""Hostile SavedModels and what the check says of each, made once in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model_files import written_once


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of :mod:`tests.graphs.hostile_models`."""
    return written_once("tests.graphs.hostile_models", "hostile", tmp_path_factory)
