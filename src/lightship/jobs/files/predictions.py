"""What a model says of each row, as columns beside the input's own.

Where an output has classes: ``predicted_<output>``, the likeliest class, and ``probability_<class>`` for each of them
(``probability_<output>_<class>`` where several outputs have classes). Otherwise ``predicted_<output>``, numbered where
there are several numbers per row; over 64 of them, or a tensor of more dimensions, are one column of lists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from lightship.calls import Call
from lightship.errors import LightshipError
from lightship.formats.parquet import Column
from lightship.jobs.files.rows import Prepared, bisected
from lightship.model import Model
from lightship.probabilities import probabilities
from lightship.tensors import Array, Signature, TensorSpec

_MOST_COLUMNS = 64

# Rows that go through the model at once, and how many bytes of its inputs: caches and interpreters have their limits.
_MOST_ROWS = 4096
_MOST_BYTES = 16 * 1024 * 1024


@dataclass
class Scored:
    """The rows that were predicted: positions, ascending, and for each column its values (an array, or a list)."""

    positions: Array
    columns: list[Any] = field(default_factory=list)


def names(signature: Signature, taken: Iterable[str]) -> tuple[str, ...]:
    """The predictions' columns; one whose name the input has already gets a number."""
    several = sum(_has_classes(spec) for spec in signature.outputs) > 1
    found: list[str] = []
    used = set(taken)
    for name in (name for spec in signature.outputs for name in _names(spec, several=several)):
        found.append(unused_name(name, used))
        used.add(found[-1])
    return tuple(found)


def unused_name(name: str, used: Collection[str]) -> str:
    """A name, numbered where it is used already."""
    return next(option for number in range(1, 10**6) if (option := _numbered(name, number)) not in used)


def predict(model: Model, prepared: Prepared) -> Scored:
    """Run the rows through the model in large batches. Rows that it cannot run become rejects of ``prepared``."""
    signature = model.manifest.signature()
    parts: list[Scored] = []
    for batch in prepared.batches:
        size = sum(array.nbytes for array in batch.inputs.values()) // max(1, len(batch.positions))
        step = max(1, min(_MOST_ROWS, _MOST_BYTES // max(1, size)))

        def run(start: int, end: int, inputs: Mapping[str, Array] = batch.inputs) -> list[Any]:
            call = Call({name: array[start:end] for name, array in inputs.items()})
            return columns(signature, model.predict(call).outputs)

        for first in range(0, len(batch.positions), step):
            for start, end, found in bisected(run, first, min(first + step, len(batch.positions))):
                if isinstance(found, LightshipError):
                    prepared.rejects[int(batch.positions[start])] = found.message
                else:
                    parts.append(Scored(batch.positions[start:end], found))
    if not parts:
        return Scored(np.arange(0), [[] for _ in names(signature, ())])
    return Scored(
        np.concatenate([part.positions for part in parts]),
        [_concatenated(column) for column in zip(*(part.columns for part in parts), strict=True)],
    )


def columns(signature: Signature, outputs: Mapping[str, Array]) -> list[Any]:
    """The values of each column: arrays of numbers, lists of text, or lists of lists."""
    return [column for spec in signature.outputs for column in _columns(outputs[spec.name], spec)]


def typed_columns(signature: Signature, names: Sequence[str], scored: Scored) -> list[Column]:
    """Columns for a format with types: the same ones for every chunk, because they follow from the signature."""
    kinds = [kind for spec in signature.outputs for kind in _kinds(spec)]
    return [
        Column(name, values, dtype, depth)
        for name, values, (dtype, depth) in zip(names, scored.columns, kinds, strict=True)
    ]


def _kinds(spec: TensorSpec) -> list[tuple[str, int]]:
    """Each column's dtype, and how many lists deep its values are."""
    if _has_classes(spec):
        return [("string", 0), *(("float32", 0) for _ in spec.classes)]
    width = _width(spec)
    return [(spec.dtype, len(spec.shape) - 1)] if width is None else [(spec.dtype, 0)] * width


def _names(spec: TensorSpec, *, several: bool) -> list[str]:
    predicted = f"predicted_{spec.name}"
    if _has_classes(spec):
        of = f"{spec.name}_" if several else ""
        return [predicted, *(f"probability_{of}{name}" for name in spec.classes)]
    count = _width(spec)
    return [predicted] if count in (None, 1) else [f"{predicted}_{number}" for number in range(count)]


def _columns(array: Array, spec: TensorSpec) -> list[Any]:
    if _has_classes(spec):
        table = probabilities(array, spec)
        classes = np.array(spec.classes, dtype=np.object_)
        return [classes[table.argmax(axis=1)].tolist(), *table.T]
    if _width(spec) is None:
        return [[_text(value) for value in array.tolist()]]
    table = array.reshape(len(array), -1)
    if array.dtype == np.object_:
        return [[_text(value) for value in column] for column in table.T.tolist()]
    return list(table.T)


def _has_classes(spec: TensorSpec) -> bool:
    width = _width(spec)
    return bool(spec.classes) and (width == len(spec.classes) or (width == 1 and len(spec.classes) == 2))


def _width(spec: TensorSpec) -> int | None:
    """How many columns an output is; None for one column of lists."""
    if len(spec.shape) == 1:
        return 1
    width = spec.shape[1] if len(spec.shape) == 2 else None
    return width if width is not None and width <= _MOST_COLUMNS else None


def _text(value: Any) -> Any:
    """Strings of TensorFlow are bytes; what is no text among them is shown as far as it goes."""
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return [_text(item) for item in value] if isinstance(value, list) else value


def _concatenated(parts: Sequence[Any]) -> Any:
    if isinstance(parts[0], list):
        return list(chain.from_iterable(parts))
    return np.concatenate(parts)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"
