"""Write the model.yaml that a user begins with: valid as it is, with suggestions as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lightship.compiler.description.describe import Description
from lightship.tensors import TensorSpec

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})  # which YAML takes for other values
_MODES = {1: "L", 3: "RGB"}
_LISTED = 100  # columns and classes that are written down


def starter(name: str, source: str, description: Description) -> str:
    """Return the text of a model.yaml for a model file; only ``name`` is set in it."""
    return "\n".join(_lines(name, source, description)) + "\n"


def _lines(name: str, source: str, description: Description) -> Iterator[str]:
    yield f"# What {_printable(source)} cannot say of itself. Remove the '#' of what fits, then:"
    yield "#   lightship compile FILE --config model.yaml"
    yield from (f"# Note: {_printable(note)}" for note in description.notes)
    yield f"name: {_quoted(name)}"
    yield ""
    yield "inputs:"
    for spec in _distinct(description, "inputs"):
        yield from (f"  # {line}" for line in _input(spec, description))
    yield ""
    yield "outputs:"
    for spec in _distinct(description, "outputs"):
        yield from (f"  # {line}" for line in _output(spec, description))
    yield ""
    yield "# Figures of your own evaluation, shown with the version:"
    yield "# metrics: {accuracy: 0.0}"


def _input(spec: TensorSpec, description: Description) -> Iterator[str]:
    name = _quoted(spec.name)
    yield f"{_about(spec)}"
    if (mode := _image_mode(spec)) is not None:
        pixels = spec.dtype == "uint8" or spec.name in description.pixels
        yield "If it is a picture, requests may send PNG and JPEG; a pixel (0 to 255) becomes pixel * scale + offset:"
        yield f"{name}: {{kind: image, mode: {mode}, scale: {1.0 if pixels else 1 / 255!r}}}"
    elif spec.batched and (columns := _columns(spec)) > 1:
        listed = ", ".join(f"column_{number}" for number in range(1, columns + 1))
        yield "Names of its columns, for CSV headers and JSON objects:"
        yield f"{name}: {{kind: tabular, columns: [{listed}]}}"


def _output(spec: TensorSpec, description: Description) -> Iterator[str]:
    name = _quoted(spec.name)
    yield f"{_about(spec)}"
    if spec.name not in description.probabilities or not _columns(spec):
        return
    count = 2 if spec.shape[1] == 1 else int(spec.shape[1] or 0)
    listed = ", ".join(f'"class {number}"' for number in range(count))
    yield "Its values are probabilities; names of the classes, in the order of the columns:"
    yield f"{name}: {{classes: [{listed}]}}"


def _about(spec: TensorSpec) -> str:
    sizes = ", ".join(_size(place, size) for place, size in enumerate(spec.shape))
    return f"{_printable(spec.name)}: {spec.dtype} [{sizes}]"


def _size(place: int, size: int | None) -> str:
    return str(size) if size is not None else "any number" if place else "batch"


def _image_mode(spec: TensorSpec) -> str | None:
    """Return the mode of what may be pictures: [batch, height, width, 1 or 3] of numbers that hold pixels."""
    if len(spec.shape) != 4 or None in spec.shape[1:3] or (spec.dtype != "uint8" and spec.numpy.kind != "f"):
        return None
    return _MODES.get(spec.shape[3] or 0)


def _columns(spec: TensorSpec) -> int:
    """Return the columns of a [rows, columns] tensor of numbers; 0 for others, and for more than a person names."""
    numbers = spec.numpy.kind in "fiu" and len(spec.shape) == 2
    columns = (spec.shape[1] or 0) if numbers else 0
    return columns if columns <= _LISTED else 0


def _distinct(description: Description, side: str) -> list[TensorSpec]:
    """Return the inputs or outputs of all signatures, each name once."""
    specs = {spec.name: spec for signature in description.signatures for spec in getattr(signature, side)}
    return list(specs.values())


def _quoted(text: str) -> str:
    """Return a text as YAML reads it back: plain where nothing in it needs quotes."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=True)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
