from __future__ import annotations

from pathlib import Path

import pytest

from lightship.compiler import importers


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("mlp.keras", "keras"),
        ("legacy.h5", "hdf5"),
        ("modes", "saved_model"),
        ("modes.zip", "saved_model"),
        ("modes.tar.gz", "saved_model"),
        ("named.tflite", "tflite"),
    ],
)
def test_content_is_recognised_whatever_the_name(sources: Path, tmp_path: Path, source: str, name: str) -> None:
    assert importers.find(sources / source).name == name
    nameless = tmp_path / "nameless"
    nameless.symlink_to(sources / source)
    assert importers.find(nameless).name == name
