"""Operators on columns of tables: numbers as float64, categories as bytes.

They compute what scikit-learn's transformers compute, in the same order and in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.preprocessing.operators.base import Operation, Operator, plain
from lightship.preprocessing.operators.sizes import affordable, check_numbers
from lightship.tensors import Array

_COMPARED = 50_000  # comparisons that take less time than a search in every column


def stack(*columns: Array) -> Array:
    """Return columns [rows] as a matrix [rows, columns] of float64."""
    return np.stack(columns, axis=1).astype(np.float64, copy=False)


def matrix(*parts: Array) -> Array:
    """Return matrices joined along the columns."""
    return parts[0] if len(parts) == 1 else np.hstack(parts)


def select(array: Array, positions: Array) -> Array:
    """Return some columns of a matrix."""
    return array[:, positions]


def add(array: Array, values: Array) -> Array:
    """Return ``array + values``, one value for each column."""
    return array + values


def subtract(array: Array, values: Array) -> Array:
    """Return ``array - values``, one value for each column."""
    return array - values


def multiply(array: Array, values: Array) -> Array:
    """Return ``array * values``, one value for each column."""
    check_numbers(array)
    return array * values


def divide(array: Array, values: Array) -> Array:
    """Return ``array / values``, one value for each column."""
    with np.errstate(all="ignore"):
        return array / values


def clip(array: Array, *, least: float, most: float) -> Array:
    """Return the values limited to a range; NaN stays."""
    return np.clip(array, least, most)


def project(array: Array, weights: Array) -> Array:
    """Return ``array @ weights``."""
    check_numbers(array)
    with np.errstate(all="ignore"):
        return array @ weights


def impute(array: Array, values: Array, *, missing: float | None) -> Array:
    """Return the matrix with a column's value in place of missing ones.

    ``missing`` is the number that marks them; None is NaN.
    """
    return np.where(_missing(array, missing), values, array)


def impute_text(array: Array, value: Array, *, missing: str) -> Array:
    """Return a column [rows] of bytes with a text in place of missing ones.

    ``missing`` is the text that marks them.
    """
    return np.where(array == missing.encode(), value, array)


def indicators(array: Array, *, missing: float | None) -> Array:
    """Return 1.0 where a value is missing, else 0.0."""
    return _missing(array, missing).astype(np.float64)


def normalise(array: Array, *, norm: str) -> Array:
    """Return rows divided by their norm, ``l1``, ``l2`` or ``max``; not rows of zeros."""
    if norm == "l1":
        norms = np.abs(array).sum(axis=1)
    elif norm == "l2":
        norms = np.sqrt(np.einsum("ij,ij->i", array, array))
    else:
        norms = np.abs(array).max(axis=1)
    return array / np.where(norms == 0.0, 1.0, norms)[:, np.newaxis]


def binarise(array: Array, *, threshold: float) -> Array:
    """Return 1.0 for values above a threshold, else 0.0."""
    return (array > threshold).astype(np.float64)


def ranks(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Build the operation that returns ranks among the sorted bounds of a column.

    Constant 1 holds the bounds: those of column ``i`` are ``bounds[starts[i]:starts[i + 1]]``.
    Constant 2 holds the starts. The option ``side`` is numpy.searchsorted's. Ranks are int32; that of NaN is -1.
    """
    side = options["side"]
    columns = np.split(constants[1], constants[2][1:-1])
    width = max((len(bounds) for bounds in columns), default=0)
    padded = _padded(columns, width) if len(columns) * width <= _COMPARED else np.empty((0, 0))
    below = np.less if side == "left" else np.less_equal

    def operation(array: Array, *_: Array) -> Array:
        found: Array
        if array.size * width <= _COMPARED and padded.size:
            found = np.count_nonzero(below(padded, array[:, :, np.newaxis]), axis=2).astype(np.int32)
        else:
            found = np.empty(array.shape, np.int32)
            for index, bounds in enumerate(columns):
                found[:, index] = np.searchsorted(bounds, array[:, index], side=side)
        return np.where(np.isnan(array), np.int32(-1), found)

    return operation


def _padded(columns: Sequence[Array], width: int) -> Array:
    """Return columns of bounds as rows that end with NaN; no value is above NaN."""
    padded = np.full((len(columns), width), np.nan)
    for index, bounds in enumerate(columns):
        padded[index, : len(bounds)] = bounds
    return padded


def _missing(array: Array, missing: float | None) -> Array:
    return np.isnan(array) if missing is None else array == missing


def _positions(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Callable[[Array], Array]:
    """Return the function from a column [rows] to the positions of its categories.

    Constant 1 holds the categories, constant 2 a position for each of them. The option ``unknown`` is the position of
    other values; None refuses them.
    """
    categories = {_key(value): int(place) for value, place in zip(constants[1], constants[2], strict=True)}
    unknown, name = options["unknown"], options["name"]

    def positions(column: Array) -> Array:
        found = [categories.get(_key(value), unknown) for value in column.tolist()]
        if None in found:
            raise InvalidInput(_unknown(column[found.index(None)], categories), column=name)
        return np.array(found, np.int64)

    return positions


def _key(value: Any) -> Any:
    """Return a category as a key of a dictionary: all NaN are one key."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _unknown(value: Any, categories: Mapping[Any, int]) -> str:
    listed = [_printable(each) for each in list(categories)[:10]]
    more = f" and {len(categories) - 10} more" if len(categories) > 10 else ""
    return f"{_printable(value)} is none of the categories {', '.join(listed)}{more}"


def _printable(value: Any) -> str:
    if _key(value) is None:
        return "NaN"
    if isinstance(value, bytes):
        return repr(value.decode(errors="replace")[:40])
    return repr(float(value)).removesuffix(".0")


def one_hot(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Build the operation from a column [rows] to 0.0 and 1.0 [rows, width].

    A position of -1 gives zeros only.
    """
    positions, width = _positions(options, constants), int(options["width"])

    def encode(column: Array, *_: Array) -> Array:
        rows = np.zeros(affordable((len(column), width + 1)))
        rows[np.arange(len(column)), positions(column)] = 1.0
        return rows[:, :width]

    return encode


def ordinal(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Build the operation from a column [rows] to numbers [rows, 1].

    Constant 3 holds the number of each position; the last one is for the position -1.
    """
    positions, numbers = _positions(options, constants), constants[3]
    return lambda column, *_: numbers[positions(column)][:, np.newaxis]


def pick(array: Array, *, position: int) -> Array:
    """Return one column [rows] of a matrix."""
    return array[:, position]


OPERATORS: dict[str, Operator] = {
    **{
        function.__name__: plain(function)
        for function in (
            stack,
            matrix,
            select,
            add,
            subtract,
            multiply,
            divide,
            clip,
            project,
            impute,
            impute_text,
            indicators,
            normalise,
            binarise,
            pick,
        )
    },
    "ranks": ranks,
    "one_hot": one_hot,
    "ordinal": ordinal,
}
