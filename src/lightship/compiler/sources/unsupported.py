"""Descriptions of unsupported files, with the remedy.

A file is recognised by its name, its first bytes and the names of its entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from lightship.compiler.sources.base import head

_CONVERT = "convert it to TensorFlow or .tflite first"
_SAVE_ALL = "build the model in code, load these weights into it, and save all of it with model.save()"
_CHECKPOINT = f"a checkpoint, which holds weights without a model: {_SAVE_ALL}"
_PICKLE = (
    "a pickle, which runs code when it is opened: save the model with Keras's model.save(); scikit-learn models cannot "
    "be compiled"
)
_PYTORCH = f"a PyTorch file: {_CONVERT}, for example with litert-torch"

_BY_SUFFIX: Mapping[str, str] = {
    ".pt": _PYTORCH,
    ".pth": _PYTORCH,
    ".onnx": f"an ONNX file: {_CONVERT}",
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
    ".joblib": _PICKLE,
    ".safetensors": f"a file of weights without a model: {_SAVE_ALL}",
    ".gguf": "a language model for llama.cpp, not a TensorFlow model",
    ".ckpt": _CHECKPOINT,
    ".index": _CHECKPOINT,
    ".npz": f"a file of arrays without a model: {_SAVE_ALL}",
    ".json": "the configuration of a model without its weights: save all of it with model.save()",
    ".pb": "a graph without the rest of its model: give the folder that holds saved_model.pb, and save a frozen graph "
    "of TensorFlow 1 as a SavedModel",
    ".py": "a program: run it and save the model with model.save()",
}

_WEB_PAGE = "a web page, probably from a failed download: download the file itself"
_PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
# First bytes, in lower case.
_BY_CONTENT: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"version https://git-lfs",), "a Git LFS pointer instead of the file: run git lfs pull in its repository"),
    ((b"<!doctype html", b"<html"), _WEB_PAGE),
    (_PICKLES, _PICKLE),
)


def describe(path: Path) -> str:
    """Return what a file or folder is and what to do; empty if unknown.

    The text is phrased as the end of a sentence.
    """
    if path.is_dir():
        names = {entry.name for entry in path.iterdir()}
        if "checkpoint" in names or any(name.endswith(".index") for name in names):
            return _CHECKPOINT
        if (path / "keras_metadata.pb").is_file() or "variables" in names:
            return "a SavedModel without its saved_model.pb: copy the whole folder"
        return ""
    if ".data-0" in path.name:
        return _CHECKPOINT
    return _BY_SUFFIX.get(path.suffix.lower(), "") or _by_content(head(path, 32))


def _by_content(first: bytes) -> str:
    if not first:
        return "empty: download it or save it again"
    return next((description for starts, description in _BY_CONTENT if first.lower().startswith(starts)), "")


def describe_archive(entries: Iterable[str]) -> str:
    """Return what a zip archive is and what to do, from its entries' names."""
    return _PYTORCH if any(name.rpartition("/")[2] == "data.pkl" for name in entries) else ""
