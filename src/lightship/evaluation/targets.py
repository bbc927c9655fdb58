"""Target cells of a data file as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from lightship import numerals
from lightship.evaluation.counts.numbers import EXACT
from lightship.formats import parquet
from lightship.tensors import Array, Signature, TensorSpec

# What separates the classes of a text cell.
SEPARATORS = "|;,"


def column_of(signature: Signature, requested: str | None, names: Collection[str]) -> str | None:
    """Return the target column: the requested one, or one named like the first output.

    None where no column is requested or named like that. A requested column is returned even if it is missing.
    """
    if requested is not None:
        return requested
    name = first_output(signature).name if signature.outputs else ""
    return name if name in names else None


def first_output(signature: Signature) -> TensorSpec:
    """Return the output that the requested target belongs to.

    It is the first ranking with scores, else the first output.
    """
    return next((spec for spec in signature.outputs if spec.scores), signature.outputs[0])


def of_classes(cells: Sequence[Any], classes: Sequence[str]) -> Array:
    """Return the index of each cell's class, -1 for no class [cells], int64.

    A number is the class of that name, also 1.0 for "1". Only where no class name is a number, a number is an index. A
    list of one value is that value; a list of one 1 and otherwise 0, one for each class, is the class of the 1.
    """
    index_of = _class_index(classes, indices=True)

    def of_cell(cell: Any) -> int:
        if not isinstance(cell, list | tuple):
            return index_of(cell)
        return index_of(cell[0]) if len(cell) == 1 else _only_one(cell, len(classes))

    return np.array([of_cell(cell) for cell in cells], dtype=np.int64)


def _only_one(cells: Sequence[Any], size: int) -> int:
    """Return the position of the 1 in a one-hot row; -1 for any other row."""
    flags = [number(cell) for cell in cells]
    one_hot = len(flags) == size and flags.count(1) == 1 and flags.count(0) == size - 1
    return flags.index(1) if one_hot else -1


def of_labels(cells: Sequence[Any], classes: Sequence[str]) -> Array:
    """Return which classes each cell names [cells, classes], int64: 1 or 0.

    A cell is a list of classes, or text with classes between ``|``, ``;`` or ``,``; empty text and an empty list name
    no class. A number is the class of that name, never an index: 1 and 0 are also the cells of a column of one class. A
    row of -1 is a cell that is neither, or names something that is no class.
    """
    index_of = _class_index(classes, indices=False)
    found = np.zeros((len(cells), len(classes)), np.int64)
    for row, cell in zip(found, cells, strict=True):
        indices = [index_of(name) for name in _names(cell)]
        if cell is None or -1 in indices:
            row[:] = -1
        else:
            row[indices] = 1
    return found


def of_numbers(cells: Sequence[Any]) -> Array:
    """Return each cell as a number [cells], NaN where it is none.

    They are float64, or objects where there are integers beyond 2**53, which stay exact.
    """
    numbers = [number(cell) for cell in cells]
    if any(isinstance(value, int) and abs(value) > EXACT for value in numbers):
        return np.array(numbers, np.object_)
    return np.array(numbers, np.float64)


def number(cell: Any) -> int | float:
    """Return a cell as a number; NaN where it is not a number.

    Whole numbers of up to 64 bits are integers.
    """
    if isinstance(cell, str) and not numerals.is_number(cell):
        return math.nan
    try:
        value = parquet.number(Decimal(cell) if isinstance(cell, str) else cell)
        return value if type(value) is int else float(value)
    except (ArithmeticError, TypeError, ValueError):
        return math.nan


def _names(cell: Any) -> list[Any]:
    if not isinstance(cell, str):
        return list(cell) if isinstance(cell, list | tuple) else [cell]
    for separator in SEPARATORS[1:]:
        cell = cell.replace(separator, SEPARATORS[0])
    return [name for name in cell.split(SEPARATORS[0]) if name.strip()]


def _class_index(classes: Sequence[str], *, indices: bool) -> Callable[[Any], int]:
    """Return a function from a target cell to its class's index, -1 for no class.

    ``indices`` is whether numbers are indices where no class name is a number.
    """
    names = {name: index for index, name in reversed(list(enumerate(classes)))}
    numbers = {number(name): index for name, index in names.items() if math.isfinite(number(name))}
    if indices and not numbers:
        numbers = {float(index): index for index in range(len(classes))}

    def index_of(target: Any) -> int:
        text = str(target).strip()
        if isinstance(target, bool) and text not in names:
            text = text.lower()
        return names.get(text, numbers.get(number(target), -1))

    return index_of
