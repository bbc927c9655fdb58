"""Keras cannot run the options that the zoo does not count: once it can, they are to be counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.model_files import write


@pytest.mark.slow
def test_options_left_out_and_files_of_exported_classes_fail_in_keras(tmp_path: Path) -> None:
    target = tmp_path / "names.json"
    write("tests.zoo.left_out", target)
    assert json.loads(target.read_text()) == []
