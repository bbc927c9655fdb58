from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from lightship.compiler import compile_model, sources
from lightship.errors import SourceRefused
from lightship.registry.registry import Registry

GENERIC = "is not a model file: Lightship compiles"


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


@pytest.mark.parametrize("name", ["rows.xlsx", "model.zip", "model.keras"])
@pytest.mark.parametrize(("part", "named"), [("xl/workbook.xml", "workbook"), ("word/document.xml", "document")])
def test_check_office_file_is_named(tmp_path: Path, name: str, part: str, named: str) -> None:
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(part, "<x/>")
    message = refusal(tmp_path / name)
    assert ("workbook" if name == "rows.xlsx" else named) in message
    assert "not a model" in message


@pytest.mark.parametrize("name", ["model.h5", "model.pkl", "model.joblib", "model.keras", "model.tflite", "model"])
def test_check_pickle_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps({"weights": [1.0]}))
    (code,) = sources.find(tmp_path / name).check(tmp_path / name, tmp_path)
    assert "pickle" in code


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
    assert GENERIC not in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("dump.txt", b"booster[0]:\n0:[f2<2.45] yes=1,no=2\n", "save_model('model.ubj')"),
        ("dump.json", b'[\n  { "nodeid": 0, "depth": 0 }]', "save_model('model.ubj')"),
        ("dump.JSON", b'{"name": "tree", "tree_info": []}', "save_model('model.txt')"),
        ("config.json", b'{"module": "keras", "class_name": "Functional", "config": {}}', "model.save()"),
        ("package.json", b'{"version": 1}', "XGBoost"),
        ("empty.json", b"", "empty"),
        ("tokenizer.json", b"{}", "model.yaml"),
        ("words.json", b'{"version": "1.0", "added_tokens": []}', "model.yaml"),
        ("vocab.txt", b"[PAD]\n[UNK]\n", "model.yaml"),
    ],
)
def test_check_text_file_without_model_names_remedy(tmp_path: Path, name: str, content: bytes, named: str) -> None:
    (tmp_path / name).write_bytes(content)
    message = refusal(tmp_path / name)
    assert named in message
    assert GENERIC not in message


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("model.KERAS", "keras"),
        ("model.H5", "hdf5"),
        ("model.SKOPS", "skops"),
        ("model.TFLITE", "tflite"),
        ("model.UBJ", "xgboost"),
        ("model.JOBLIB", "pickle"),
    ],
)
def test_candidates_of_upper_case_suffix_are_those_of_lower_case(tmp_path: Path, name: str, format_name: str) -> None:
    (tmp_path / name).write_bytes(b"some bytes")
    assert [importer.name for importer in sources.candidates(tmp_path / name)] == [format_name]


def test_check_keras3_weights_with_unknown_groups_are_named_weights(tmp_path: Path) -> None:
    path = tmp_path / "hed.weights.h5"
    with h5py.File(path, "w") as file:
        file["block1/vars/0"] = np.zeros(3, np.float32)
    assert "weights" in refusal(path)


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("model.onnx", ["pip install onnx2tf", "onnx2tf -i FILE -o saved_model"]),
        ("model.pt", ["pip install litert-torch", "litert_torch.convert(model, (example,)).export('model.tflite')"]),
        ("model.PTH", ["litert_torch.convert"]),
        ("model.pt2", ["torch.export.load(FILE).module()", "litert_torch.convert"]),
        ("frozen.pb", ["tf.compat.v1.lite.TFLiteConverter.from_frozen_graph"]),
        ("model.mlmodel", ["Core ML"]),
        ("model.safetensors", ["safetensors.torch.load_file", "model.save()"]),
    ],
)
def test_check_file_of_other_framework_has_commands(tmp_path: Path, name: str, commands: list[str]) -> None:
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    safetensors = struct.pack("<Q", len(header)) + header + bytes(4)
    onnx = b"\x08\x0a\x12\x07pytorch\x3a\x00"
    content = {"model.safetensors": safetensors, "model.onnx": onnx}.get(name, b"some bytes")
    (tmp_path / name).write_bytes(content)
    message = refusal(tmp_path / name)
    assert all(command in message for command in commands)


def test_check_folder_of_other_framework_is_named(tmp_path: Path) -> None:
    for folder, names, named in (
        ("bert", ("config.json", "model.safetensors"), "AutoModel.from_pretrained"),
        ("model.mlpackage", ("Manifest.json",), "Core ML"),
        ("core", ("Manifest.json", "Data"), "Core ML"),
        ("run", ("checkpoint",), "checkpoint"),
    ):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch()
        assert named in refusal(tmp_path / folder)


def test_check_archive_of_torch_export_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.writestr("model/archive_format", "pt2")
        archive.writestr("model/models/model.json", "{}")
    assert "torch.export" in refusal(tmp_path / "model.zip")


def test_check_optimizer_without_model_is_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "optimizer.h5", "w") as file:
        file["optimizer_weights/iteration:0"] = np.int64(3)
    assert "optimizer" in refusal(tmp_path / "optimizer.h5")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("QuantizeWrapperV2", "tf.lite.Optimize.DEFAULT"),
        ("Custom>QuantizeLayer", "tf.lite.Optimize.DEFAULT"),
        ("PruneLowMagnitude", "strip_pruning(model)"),
        ("ClusterWeights", "strip_clustering(model)"),
        ("AttentionPool", "model.export"),
    ],
)
def test_check_wrapped_layer_of_keras2_has_command(tmp_path: Path, name: str, command: str) -> None:
    dense = {"class_name": "Dense", "config": {"name": "dense", "units": 1}}
    wrapper = {"class_name": name, "config": {"name": "wrapper", "layer": dense}}
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": [wrapper]}}
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"
        file.create_group("model_weights")
    message = refusal(tmp_path / "model.h5")
    assert name in message
    assert command in message


def test_frozen_graph_by_documented_command_compiles(tmp_path: Path) -> None:
    """The command of the message about a .pb file makes a file that compiles."""
    script = textwrap.dedent("""
        import sys, tensorflow as tf
        graph = tf.Graph()
        with graph.as_default():
            tf.identity(tf.compat.v1.placeholder(tf.float32, [None, 3], name="input") * 2.0, name="output")
        open("frozen.pb", "wb").write(graph.as_graph_def().SerializeToString())
        converter = tf.compat.v1.lite.TFLiteConverter.from_frozen_graph("frozen.pb", ["input"], ["output"])
        open("model.tflite", "wb").write(converter.convert())
    """)
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert "from_frozen_graph(FILE" in refusal(tmp_path / "frozen.pb")
    registry = Registry(str(tmp_path / "registry"))
    assert compile_model(tmp_path / "model.tflite", registry=registry).engine == "litert"
