"""Fixture: the files of :mod:`tests.compiler.device.models`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model_files import written_once


@pytest.fixture(scope="session")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_once("tests.compiler.device.models", "devices", tmp_path_factory)
