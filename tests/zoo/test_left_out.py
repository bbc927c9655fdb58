"""Excluded options fail in Keras; as soon as they do not, the zoo must count them."""

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
