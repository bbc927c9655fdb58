"""Starter model.yaml: valid as generated, with suggestions as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lightship import inputs
from lightship.compiler.declarations.tokenization import COMPANIONS
from lightship.compiler.description.describe import Description
from lightship.tensors import TensorSpec

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})  # YAML's booleans and null
_MODES = {1: "L", 3: "RGB"}
# Usual names of inputs of token ids.
_TOKENS = frozenset({"input_ids", "token_ids", "input_word_ids"})
_LISTED = 100  # maximum number of columns or classes to list


def starter(name: str, source: str, description: Description) -> str:
    """Return the text of a model.yaml for a model file; only ``name`` is set."""
    return "\n".join(_lines(name, source, description)) + "\n"


def _lines(name: str, source: str, description: Description) -> Iterator[str]:
    yield f"# Settings for {_printable(source)}. Uncomment what applies, then run:"
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
    yield "# Metrics of your own evaluation, shown with the version:"
    yield "# metrics: {accuracy: 0.0}"


def _input(spec: TensorSpec, description: Description) -> Iterator[str]:
    name = _quoted(spec.name)
    yield _heading(spec)
    if spec.kind:
        yield from _in_effect(spec)
    elif (mode := _image_mode(spec)) is not None:
        pixels = spec.dtype == "uint8" or spec.name in description.pixels
        sent = "PNG and JPEG of any size" if None in spec.shape[1:3] else "PNG and JPEG"
        yield f"If it is an image, requests may send {sent}; a pixel (0 to 255) becomes pixel * scale + offset:"
        yield f"{name}: {{kind: image, mode: {mode}, scale: {1.0 if pixels else 1 / 255!r}}}"
    elif _takes_tokens(spec):
        yield from _text(spec, description)
    elif spec.name in COMPANIONS and any(map(_takes_tokens, _distinct(description, "inputs"))):
        return
    elif spec.batched and (columns := _columns(spec)) > 1:
        listed = ", ".join(f"column_{number}" for number in range(1, columns + 1))
        yield "Names of its columns, for CSV headers and JSON objects:"
        yield f"{name}: {{kind: tabular, columns: [{listed}]}}"


def _in_effect(spec: TensorSpec) -> Iterator[str]:
    """Yield the entry that says what the compiler found in the file."""
    kind = str((spec.kind or {}).get("type"))
    if kind not in inputs.configurable():
        return
    options = inputs.kind_of(spec).to_options()
    if len(options.get("columns", ())) > _LISTED:
        yield "Its columns have the names in the file."
        return
    yield "In effect as it is in the file; an entry replaces all of it:"
    yield f"{_quoted(spec.name)}: {_flow({'kind': kind, **options})}"


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _text(spec: TensorSpec, description: Description) -> Iterator[str]:
    """Yield the suggestion for token ids, with the inputs for mask and types."""
    others = {each.name for each in _distinct(description, "inputs")}
    options = [f"{option}: {name}" for name, option in COMPANIONS.items() if name in others]
    if spec.shape[1] is None:
        options = ["length: 128", *options]
    yield "If it holds token ids, requests may send texts; the tokenizer's file lies beside model.yaml:"
    yield f"{_quoted(spec.name)}: {{{', '.join(['kind: text', 'tokenizer: vocab.txt', *options])}}}"


def _takes_tokens(spec: TensorSpec) -> bool:
    return spec.name in _TOKENS and spec.numpy.kind in "iu" and len(spec.shape) == 2


def _output(spec: TensorSpec, description: Description) -> Iterator[str]:
    name = _quoted(spec.name)
    yield _heading(spec)
    if spec.classes and len(spec.classes) <= _LISTED:
        yield "In effect as they are in the file, in the order of the columns; an entry replaces them:"
        yield f"{name}: {_flow({'classes': list(spec.classes)})}"
    if spec.classes or spec.name not in description.probabilities or not _columns(spec):
        return
    count = 2 if spec.shape[1] == 1 else int(spec.shape[1] or 0)
    listed = ", ".join(f'"class {number}"' for number in range(count))
    yield "If its values are probabilities, names of the classes, in the order of the columns:"
    yield f"{name}: {{classes: [{listed}]}}"


def _heading(spec: TensorSpec) -> str:
    sizes = ", ".join(_size(axis, size) for axis, size in enumerate(spec.shape))
    return f"{_printable(spec.name)}: {spec.dtype} [{sizes}]"


def _size(axis: int, size: int | None) -> str:
    return str(size) if size is not None else "any number" if axis else "batch"


def _image_mode(spec: TensorSpec) -> str | None:
    """Return the image mode that fits a tensor; None if it cannot hold images.

    Images are [batch, height, width, 1 or 3] of uint8 or floats, with height and width both fixed or both of any size.
    """
    if len(spec.shape) != 4 or spec.shape[1:3].count(None) == 1 or (spec.dtype != "uint8" and spec.numpy.kind != "f"):
        return None
    return _MODES.get(spec.shape[3] or 0)


def _columns(spec: TensorSpec) -> int:
    """Return the columns of a numeric [rows, columns] tensor; 0 for other tensors.

    Also 0 above _LISTED columns, too many to be named by hand.
    """
    numbers = spec.numpy.kind in "fiu" and len(spec.shape) == 2
    columns = (spec.shape[1] or 0) if numbers else 0
    return columns if columns <= _LISTED else 0


def _distinct(description: Description, side: str) -> list[TensorSpec]:
    """Return the inputs or outputs of all signatures, each name once."""
    specs = {spec.name: spec for signature in description.signatures for spec in getattr(signature, side)}
    return list(specs.values())


def _quoted(text: str) -> str:
    """Return a string as a YAML scalar, in quotes where it needs them."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=True)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
