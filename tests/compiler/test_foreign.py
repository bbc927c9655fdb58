from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from lightship.compiler import sources
from lightship.errors import SourceRefused


def refusal(path: Path) -> str:
    with pytest.raises(SourceRefused) as refused:
        sources.find(path).check(path, path.parent / "work")
    assert refused.value.message.startswith(path.name)
    return refused.value.message


@pytest.mark.parametrize(
    "name", ["model.h5", "model.hdf5", "model.pt", "model.keras", "model.zip", "pytorch_model.bin"]
)
def test_check_pytorch_archive_is_named(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
        archive.writestr("archive/data/0", b"1234")
    assert "PyTorch" in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["model.h5", "model.pkl", "model.joblib", "model.keras", "model.tflite", "model"])
def test_check_pickle_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps({"weights": [1.0]}))
    assert "pickle" in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model.tflite", "model.zip", "model"])
@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
    ],
    ids=["empty", "pointer", "web page"],
)
def test_check_failed_download_is_named(tmp_path: Path, name: str, content: bytes, named: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert named in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["model.onnx", "model.safetensors", "frozen.pb", "model.json", "model.npz"])
def test_check_file_of_other_framework_names_remedy(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x08\x07 some bytes")
    assert ": " in refusal(tmp_path / name)


def test_check_keras3_weights_with_unknown_groups_are_named_weights(tmp_path: Path) -> None:
    path = tmp_path / "hed.weights.h5"
    with h5py.File(path, "w") as file:
        file["block1/vars/0"] = np.zeros(3, np.float32)
    assert "weights" in refusal(path)
