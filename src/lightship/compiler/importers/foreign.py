"""Model files of other frameworks: what a file is, and what to do instead of compiling it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lightship.compiler.importers.base import head

_PICKLE_PROTOCOLS = range(2, 6)

_TORCH = "a PyTorch file: convert the model to a .tflite file with litert-torch"
_PICKLE = "a Python pickle, which can run code and is never opened: save the model in one of its framework's own formats"
_SUFFIXES = {
    ".json": "text, at most a model's configuration without its weights: save all of it with model.save()",
    ".onnx": "an ONNX file: convert it to a SavedModel with onnx2tf",
    ".pb": "a graph alone: a SavedModel is a folder with saved_model.pb and variables/",
    ".safetensors": "weights without a model: load them into the model and save all of it",
}


def by_head(path: Path) -> str:
    """Return what a file is by its first bytes and its name, and what to do; empty for an unknown kind."""
    first = head(path, 2)
    if first[:1] == b"\x80" and first[1:] and first[1] in _PICKLE_PROTOCOLS:
        return _PICKLE
    return _SUFFIXES.get(path.suffix, "") if path.is_file() else ""


def by_entries(names: Iterable[str]) -> str:
    """Return what an archive with entries of these names is, and what to do; empty for an unknown kind."""
    return _TORCH if any(name.rpartition("/")[2] == "data.pkl" for name in names) else ""
