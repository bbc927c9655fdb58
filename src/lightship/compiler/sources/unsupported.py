"""Descriptions of unsupported files, with the remedy.

A file is recognised by its name, its first bytes and the names of its entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from lightship.compiler.sources.base import head, suffix
from lightship.compiler.sources.boosting import xgboost

_SAVE_ALL = "build the model in code, load these weights into it, and save all of it with model.save()"
_CHECKPOINT = f"a checkpoint, which holds weights without a model: {_SAVE_ALL}"
_TORCH = "(pip install litert-torch), run litert_torch.convert({}, (example,)).export('model.tflite')"
_PYTORCH = (
    f"a PyTorch file: in the program that defines the model, run model.eval() and, with the package litert-torch "
    f"{_TORCH.format('model')}, then compile model.tflite"
)
_EXPORTED = (
    "a program that torch.export saved: in Python, with the package litert-torch "
    f"{_TORCH.format('torch.export.load(FILE).module()')}, then compile model.tflite"
)
_ONNX = (
    "an ONNX file: run pip install onnx2tf onnx onnxruntime onnxsim, and onnx2tf -i FILE -o saved_model -osd, then "
    "compile the folder saved_model"
)
_FROZEN = (
    "a graph without the rest of its model: where it is a SavedModel's, compile its folder; a frozen graph of "
    "TensorFlow 1 becomes a .tflite file by tf.compat.v1.lite.TFLiteConverter.from_frozen_graph(FILE, ['input'], "
    "['output']).convert()"
)
_CORE_ML = (
    "a Core ML model, which no program converts to TensorFlow: compile the Keras, TensorFlow or PyTorch model from "
    "which it was made"
)
_SAFETENSORS = (
    f"a file of weights without a model: {_SAVE_ALL}; PyTorch's are loaded by "
    "model.load_state_dict(safetensors.torch.load_file(FILE)), and converted with the package litert-torch "
    f"{_TORCH.format('model.eval()')}"
)
_FOLDER = (
    "a folder of a model for the package transformers: in Python, load it with "
    "AutoModel.from_pretrained(FOLDER, return_dict=False) and, with the package litert-torch "
    f"{_TORCH.format('model.eval()')}, then compile model.tflite"
)

_WORKBOOK = (
    "a workbook, not a model: compile the file of a trained model, and save the rows of a sheet as CSV to predict them"
)
_DOCUMENT = "a document of an office program, not a model"

_BY_SUFFIX: Mapping[str, str] = {
    ".pt": _PYTORCH,
    ".pth": _PYTORCH,
    ".pt2": _EXPORTED,
    ".onnx": _ONNX,
    ".mlmodel": _CORE_ML,
    ".mlpackage": _CORE_ML,
    ".safetensors": _SAFETENSORS,
    ".gguf": "a language model for llama.cpp, not a TensorFlow model",
    ".ckpt": _CHECKPOINT,
    ".index": _CHECKPOINT,
    ".npz": f"a file of arrays without a model: {_SAVE_ALL}",
    ".pb": _FROZEN,
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods"), _WORKBOOK),
    **dict.fromkeys((".docx", ".doc", ".odt", ".pptx", ".ppt", ".odp", ".pdf"), _DOCUMENT),
    ".py": "a program: run it and save the model with model.save()",
}

_BEGINNING = 4096  # bytes in which a file says what it is
_XGBOOST_BINARY = (
    "a file of XGBoost's former binary format: load it with the version of XGBoost that wrote it, and save it with "
    "save_model('model.ubj')"
)
_XGBOOST_DUMP = "a dump of XGBoost's trees without its objective: save the model with save_model('model.ubj')"
_LIGHTGBM_DUMP = "a dump of LightGBM's trees: save the model with booster.save_model('model.txt')"
_TOKENIZER = "a tokenizer: name it in model.yaml, and compile the model that takes its tokens"
_CONFIGURATION = "the configuration of a model without its weights: save all of it with model.save()"
_JSON = (
    "a JSON file, and not a model of XGBoost: save a Keras model with model.save(), an XGBoost model with "
    "save_model('model.ubj')"
)
_WEB_PAGE = "a web page, probably from a failed download: download the file itself"
# First bytes, in lower case.
_BY_CONTENT: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"version https://git-lfs",), "a Git LFS pointer instead of the file: run git lfs pull in its repository"),
    ((b"<!doctype html", b"<html"), _WEB_PAGE),
    ((b"binf", b"bs64"), _XGBOOST_BINARY),
    ((b"booster[",), _XGBOOST_DUMP),
)


def describe(path: Path) -> str:
    """Return what a file or folder is and what to do; empty if unknown.

    The text is phrased as the end of a sentence.
    """
    if path.is_dir():
        return _by_names({entry.name for entry in path.iterdir()}, suffix(path))
    if ".data-0" in path.name:
        return _CHECKPOINT
    name, first = path.name.lower(), head(path, _BEGINNING)
    if suffix(path) == ".json":
        return "" if xgboost.is_json(path) else _by_content(first) or _json(name, first)
    if name == "vocab.txt" and first and not first.startswith(b"tree"):  # as LightGBM's files do
        return _TOKENIZER
    return _BY_SUFFIX.get(suffix(path), "") or _by_content(first)


def _by_names(names: AbstractSet[str], ending: str) -> str:
    """Return what a folder is, from the names in it and the end of its own."""
    if "checkpoint" in names or any(name.endswith(".index") for name in names):
        return _CHECKPOINT
    if names & {"keras_metadata.pb", "variables"}:
        return "a SavedModel without its saved_model.pb: copy the whole folder"
    if "config.json" in names and any(name.endswith((".safetensors", "pytorch_model.bin")) for name in names):
        return _FOLDER
    return _CORE_ML if ending == ".mlpackage" or names >= {"Manifest.json", "Data"} else ""


def _json(name: str, first: bytes) -> str:
    """Return what a JSON file is, from its name and beginning."""
    if name == "tokenizer.json" or b'"added_tokens"' in first:
        return _TOKENIZER
    if b'"nodeid"' in first:
        return _XGBOOST_DUMP
    if b'"tree_info"' in first or b'"tree_structure"' in first:
        return _LIGHTGBM_DUMP
    return _CONFIGURATION if b'"class_name"' in first else _JSON


def _by_content(first: bytes) -> str:
    if not first:
        return "empty: download it or save it again"
    return next((description for starts, description in _BY_CONTENT if first.lower().startswith(starts)), "")


def describe_archive(entries: Iterable[str]) -> str:
    """Return what a zip archive is and what to do, from its entries' names."""
    names = {name.rpartition("/")[2] for name in entries}
    if names & {"archive_format", "serialized_exported_program.json"}:
        return _EXPORTED
    if "[Content_Types].xml" in names:
        return _WORKBOOK if "workbook.xml" in names else _DOCUMENT
    return _PYTORCH if "data.pkl" in names else ""
