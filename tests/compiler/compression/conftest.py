"""Fixture: the files of :mod:`tests.compiler.compression.models`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model_files import written_once


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_once("tests.compiler.compression.models", "compressible", tmp_path_factory)
