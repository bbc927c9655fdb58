"""Predictions of each row, as columns that are appended to the input's.

An output with up to 64 classes has ``predicted_<output>``, the most likely class, and ``probability_<class>`` for each
class (``probability_<output>_<class>`` where several outputs have classes). Other outputs have ``predicted_<output>``,
with a number for each column where a row has several; an output of over 64 numbers per row, or of more dimensions, is
one column of lists.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from lightship.calls import Call
from lightship.errors import LightshipError, TransformError
from lightship.formats.parquet import Column
from lightship.inputs.datafiles.rows import Prepared, Reject, bisected
from lightship.model import Model
from lightship.probabilities import probabilities
from lightship.tensors import Array, Signature, TensorSpec

_LOG = logging.getLogger(__name__)

_MOST_COLUMNS = 64

# Rows, and bytes of input, that are predicted at once: limited by CPU caches and by the interpreter's memory.
_MOST_ROWS = 4096
_MOST_BYTES = 16 * 1024 * 1024


@dataclass
class Scored:
    """Predictions of the rows that were scored.

    ``positions`` are ascending; ``columns`` has an array or list of values for each column.
    """

    positions: Array
    columns: list[Any] = field(default_factory=list)


def names(signature: Signature, taken: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the prediction columns, numbered where the input has them.

    ``taken`` are the input's columns.
    """
    several = sum(_has_classes(spec) for spec in signature.outputs) > 1
    found: list[str] = []
    used = set(taken)
    for name in (name for spec in signature.outputs for name in _names(spec, several=several)):
        found.append(unused_name(name, used))
        used.add(found[-1])
    return tuple(found)


def unused_name(name: str, used: Collection[str]) -> str:
    """Return a name, with a number appended where it is used already."""
    return next(option for number in range(1, 10**6) if (option := _numbered(name, number)) not in used)


def predict(model: Model, prepared: Prepared) -> Scored:
    """Run the rows through the model in large batches.

    Rows that the model cannot run are added to the rejects of ``prepared``. The first error of a user's transform is
    logged with its traceback.
    """
    signature = model.manifest.signature()
    parts: list[Scored] = []
    failed = False
    for batch in prepared.batches:
        size = sum(array.nbytes for array in batch.inputs.values()) // max(1, len(batch.positions))
        step = max(1, min(_MOST_ROWS, _MOST_BYTES // max(1, size)))

        def run(start: int, end: int, inputs: Mapping[str, Array] = batch.inputs) -> list[Any]:
            call = Call({name: array[start:end] for name, array in inputs.items()})
            return columns(signature, model.predict(call).outputs)

        for first in range(0, len(batch.positions), step):
            for start, end, found in bisected(run, first, min(first + step, len(batch.positions))):
                if isinstance(found, LightshipError):
                    if isinstance(found, TransformError) and not failed:
                        _LOG.error("%s (%s)", found.message, found.detail, exc_info=found)
                    failed |= isinstance(found, TransformError)
                    prepared.rejects[int(batch.positions[start])] = Reject.of(found)
                else:
                    parts.append(Scored(batch.positions[start:end], found))
    if not parts:
        return Scored(np.arange(0), [[] for _ in names(signature, ())])
    return Scored(
        np.concatenate([part.positions for part in parts]),
        [_concatenated(column) for column in zip(*(part.columns for part in parts), strict=True)],
    )


def columns(signature: Signature, outputs: Mapping[str, Array]) -> list[Any]:
    """Return the values of each column: arrays of numbers, or lists of text or lists."""
    return [column for spec in signature.outputs for column in _columns(outputs[spec.name], spec)]


def typed_columns(signature: Signature, names: Sequence[str], scored: Scored) -> list[Column]:
    """Return the columns with types, the same for every chunk of a signature."""
    kinds = [kind for spec in signature.outputs for kind in _kinds(spec)]
    return [
        Column(name, values, dtype, depth)
        for name, values, (dtype, depth) in zip(names, scored.columns, kinds, strict=True)
    ]


def _kinds(spec: TensorSpec) -> list[tuple[str, int]]:
    """Return the dtype of each column, and the depth of its lists."""
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
    """Return how many columns an output has; None for one column of lists."""
    if len(spec.shape) == 1:
        return 1
    width = spec.shape[1] if len(spec.shape) == 2 else None
    return width if width is not None and width <= _MOST_COLUMNS else None


def _text(value: Any) -> Any:
    """Return TensorFlow's strings (bytes) as text; invalid UTF-8 is escaped."""
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return [_text(item) for item in value] if isinstance(value, list) else value


def _concatenated(parts: Sequence[Any]) -> Any:
    if isinstance(parts[0], list):
        return list(chain.from_iterable(parts))
    return np.concatenate(parts)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"
