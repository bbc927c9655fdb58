from __future__ import annotations

from pathlib import Path

import pytest

from lightship.compiler import sources as importers
from lightship.errors import SourceRefused


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
def test_find_ignores_file_name(sources: Path, tmp_path: Path, source: str, name: str) -> None:
    assert importers.find(sources / source).name == name
    nameless = tmp_path / "nameless"
    nameless.symlink_to(sources / source)
    assert importers.find(nameless).name == name


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x1f\x8b\x08", b"\x89HDF\r\n\x1a\n"])
def test_candidates_read_only_first_bytes(tmp_path: Path, start: bytes) -> None:
    """Find candidates by first bytes only, as the unconfined parent does."""
    path = tmp_path / "model"
    path.write_bytes(start + b"not what the first bytes say")
    assert importers.candidates(path)


def test_candidates_of_unrecognised_file_names_formats(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"plain text")
    with pytest.raises(SourceRefused, match=r"\.keras.*\.h5.*SavedModel.*\.tflite"):
        importers.candidates(path)
