"""Hints about the values of a Keras model's inputs, from its first layers.

Supports Keras 3 and tf_keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lightship.compiler.hints import Hint, vocabulary
from lightship.errors import SourceRefused

# Layers that do not change values or only move them: the layer after one of them can still give a hint for the input.
_MOVING = frozenset({"Flatten", "Reshape", "Permute", "RepeatVector", "Identity", "Dropout", "GetItem", "ExpandDims"})
_DEPTH = 8
_LOOKUPS = frozenset({"StringLookup", "IntegerLookup", "TextVectorization"})


def hints_of(model: Any, names: Sequence[str]) -> dict[str, Hint]:
    """Return hints by input; ``names`` are the names of ``model.inputs``, in order."""
    found = {}
    for name, tensor in zip(names, model.inputs, strict=True):
        if hint := _first_hint(list(_layers(model)), tensor, _DEPTH):
            found[name] = hint
    return found


def check_vocabularies(label: str, model: Any) -> None:
    """Raise SourceRefused where a lookup layer has an empty vocabulary.

    Such a model treats every input as unknown.
    """
    for layer in _all_layers(model):
        if type(layer).__name__ in _LOOKUPS and _vocabulary_of(layer) == []:
            raise SourceRefused(f"layer '{layer.name}' of {label} has no vocabulary: {_remedy(label)}")


def _remedy(label: str) -> str:
    if label.endswith((".h5", ".hdf5")):
        return "the .h5 format lost it, save the model as .keras"
    return "call adapt on it, or give it a list of words, then save the model again"


def _first_hint(layers: list[Any], tensor: Any, depth: int) -> Hint | None:
    for layer in layers:
        if not depth or not any(tensor is each for each in _tensors(layer, "input")):
            continue
        if hint := _hint(layer):
            return hint
        if (inner := _inner(layer, tensor)) is not None:
            found = _first_hint(list(_layers(layer)), inner, depth - 1)
        elif type(layer).__name__ in _MOVING and (outputs := _tensors(layer, "output")):
            found = _first_hint(layers, outputs[0], depth - 1)
        else:
            continue
        if found:
            return found
    return None


def _inner(layer: Any, tensor: Any) -> Any:
    """Return a nested model's own input for a tensor with which it is called.

    None for other layers.
    """
    inputs = getattr(layer, "inputs", None)
    if not inputs or not list(_layers(layer)):
        return None
    called_with = _tensors(layer, "input")
    index = next((number for number, each in enumerate(called_with) if each is tensor), 0)
    return inputs[index] if index < len(inputs) else None


def _hint(layer: Any) -> Hint | None:
    read = _READERS.get(type(layer).__name__)
    try:
        return read(layer) if read else None
    except Exception:  # the layer has no state yet: generate samples without a hint
        return None


def _lookup(layer: Any) -> Hint | None:
    if getattr(layer, "invert", False):
        return Hint(below=int(layer.vocabulary_size()))
    words = _vocabulary_of(layer)
    return vocabulary(words, sentences=type(layer).__name__ == "TextVectorization") if words else None


def _vocabulary_of(layer: Any) -> list[Any]:
    try:
        return list(layer.get_vocabulary(include_special_tokens=False))
    except Exception:  # TensorFlow raises for an empty table
        return []


def _normalization(layer: Any) -> Hint:
    mean, variance = np.asarray(layer.mean), np.asarray(layer.variance)
    if getattr(layer, "invert", False):
        return Hint()
    return Hint(
        center=mean[0] if mean.ndim > 1 else mean, spread=np.sqrt(variance[0] if variance.ndim > 1 else variance)
    )


def _rescaling(layer: Any) -> Hint:
    """Return a hint for values that the layer rescales to 0 to 1.

    With a negative offset the range is -1 to 1.
    """
    scale, offset = np.asarray(layer.scale, np.float64), np.asarray(layer.offset, np.float64)
    low, high = (np.where(offset < 0, -1, 0) - offset) / scale, (1 - offset) / scale
    return Hint(center=(low + high) / 2, spread=np.abs(high - low) / 4)


def _discretization(layer: Any) -> Hint | None:
    bounds = list(layer.bin_boundaries or ())
    return Hint(center=float(np.mean(bounds)), spread=float(np.ptp(bounds)) or 1.0) if bounds else None


_READERS: Mapping[str, Callable[[Any], Hint | None]] = {
    "StringLookup": _lookup,
    "IntegerLookup": _lookup,
    "TextVectorization": _lookup,
    "CategoryEncoding": lambda layer: Hint(below=int(layer.num_tokens)),
    "Embedding": lambda layer: Hint(below=int(layer.input_dim)),
    "ReversibleEmbedding": lambda layer: Hint(below=int(layer.input_dim)),
    "Normalization": _normalization,
    "Rescaling": _rescaling,
    "Discretization": _discretization,
}


def _layers(model: Any) -> Iterator[Any]:
    operations = getattr(model, "operations", None) or getattr(model, "layers", None)
    return iter(operations or ())


def _all_layers(model: Any) -> Iterator[Any]:
    for layer in _layers(model):
        yield layer
        yield from _all_layers(layer)


def _tensors(layer: Any, side: str) -> list[Any]:
    try:
        found = getattr(layer, side)
    except (AttributeError, ValueError):  # never called, or called more than once
        return []
    if isinstance(found, dict):
        return list(found.values())
    return list(found) if isinstance(found, list | tuple) else [found]
