"""Predictions of each row, as columns that are appended to the input's.

An output with up to 64 classes has ``predicted_<output>``, the most likely class (where a row may have several, their
names with ``;`` between them), and ``probability_<class>`` for each class (``probability_<output>_<class>`` where
several outputs have classes). Other outputs have ``predicted_<output>``,
with a number for each column where a row has several; an output of over 64 numbers per row, or of more dimensions, is
one column of lists. Where an output has names, they are in place of their indices. Boxes are without padding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from lightship.boxes import without_padding
from lightship.evaluation.counts.labels import THRESHOLD
from lightship.evaluation.running import run
from lightship.formats.categories import Categories
from lightship.formats.parquet import Column
from lightship.inputs.datafiles.rows import Prepared
from lightship.model import Model
from lightship.probabilities import probabilities
from lightship.tensors import Array, Signature, TensorSpec

_MOST_COLUMNS = 64


@dataclass
class Scored:
    """Predictions of the rows that were scored.

    ``positions`` are ascending; ``columns`` has an array, Categories or a list of values for each column.
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

    Rows that the model cannot run are added to the rejects of ``prepared``.
    """
    signature = model.manifest.signature()
    parts = [Scored(positions, columns(signature, outputs)) for positions, outputs in run(model, prepared)]
    if not parts:
        return Scored(np.arange(0), [[] for _ in names(signature, ())])
    return Scored(
        np.concatenate([part.positions for part in parts]),
        [_concatenated(column) for column in zip(*(part.columns for part in parts), strict=True)],
    )


def columns(signature: Signature, outputs: Mapping[str, Array]) -> list[Any]:
    """Return the values of each column: arrays, Categories, or lists of text or lists."""
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
    width, dtype = _width(spec), "string" if spec.names else spec.dtype
    return [(dtype, len(spec.shape) - 1)] if width is None else [(dtype, 0)] * width


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
        if spec.multi_label:
            return [_labels(table, spec.classes), *table.T]
        return [Categories(_likeliest(table), spec.classes), *table.T]
    if spec.names:
        array = np.array(spec.names.of(array), np.object_).reshape(array.shape)
    if spec.boxes:
        return [[row.tolist() for row in without_padding(array)]]
    if _width(spec) is None:
        return [[_text(value) for value in array.tolist()]]
    table = array.reshape(len(array), -1)
    if array.dtype == np.object_:
        return [[_text(value) for value in column] for column in table.T.tolist()]
    return list(table.T)


def _likeliest(table: Array) -> Array:
    """Return the column of each row's highest value.

    Of equal values it is the first, and NaN counts as the highest, as in ``argmax``, which takes six times as long for
    two columns.
    """
    two = table.shape[1] == 2 and not np.isnan(table).any()
    found: Array = (table[:, 1] > table[:, 0]).view(np.int8) if two else table.argmax(axis=1)
    return found


def _labels(table: Array, classes: Sequence[str]) -> list[str]:
    """Return the names of each row's classes, as evaluations read them."""
    return [
        ";".join(name for name, flag in zip(classes, row, strict=True) if flag) for row in (table >= THRESHOLD).tolist()
    ]


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
    if isinstance(parts[0], Categories):
        return Categories.concatenate(parts)
    if isinstance(parts[0], list):
        return list(chain.from_iterable(parts))
    return np.concatenate(parts)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"
