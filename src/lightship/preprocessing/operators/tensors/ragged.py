"""Operators on ragged and sparse tensors, and counts of their values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lightship.preprocessing.operators.base import Operator, plain
from lightship.preprocessing.operators.sizes import affordable
from lightship.tensors import Array

ROW_IDS = ("FIRST_DIM_SIZE", "VALUE_ROWIDS")


def to_dense(shape: Array, values: Array, default: Array, *partitions: Array, types: Sequence[str]) -> Array:
    """Return a ragged tensor as an array, padded with ``default``.

    ``types`` are those of ``partitions``, the outermost first: ROW_SPLITS, or FIRST_DIM_SIZE and then VALUE_ROWIDS. A
    negative size of ``shape`` is that of the longest row; values beyond a size are dropped.
    """
    owners, rows = _owners(partitions, types)
    wanted = shape.tolist() if shape.ndim else [-1] * (len(owners) + values.ndim)
    coordinates, longest = _coordinates(owners, rows, len(values))
    natural = [*longest, *values.shape[1:]]
    sizes = [size if given < 0 else given for size, given in zip(natural, wanted, strict=True)]
    dense = np.full(affordable(sizes), default, values.dtype)
    for axis, longest_row in enumerate(longest):
        if longest_row > sizes[axis]:
            kept = coordinates[axis] < sizes[axis]
            coordinates, values = [coordinate[kept] for coordinate in coordinates], values[kept]
    dense[tuple(coordinates)] = values
    return dense


def _owners(partitions: Sequence[Array], types: Sequence[str]) -> tuple[list[Array], int]:
    """Return the row of each entry of each ragged dimension, and the number of rows."""
    if types[0] == ROW_IDS[0]:
        return [ids.astype(np.int64) for ids in partitions[1:]], affordable([int(partitions[0])])[0]
    return [_rows(splits) for splits in partitions], len(partitions[0]) - 1


def _rows(splits: Array) -> Array:
    """Return the row of each entry of rows that are given by splits."""
    affordable([int(splits[-1]) - int(splits[0])])
    return np.repeat(np.arange(len(splits) - 1), np.diff(splits))


def _coordinates(owners: Sequence[Array], rows: int, count: int) -> tuple[list[Array], list[int]]:
    """Return the position of each value in each dimension, and the dimensions' sizes."""
    coordinates, sizes = [np.arange(rows)], [rows]
    parents = rows
    for owner in owners:
        affordable([int(owner.max(initial=0))])
        counts = np.bincount(owner, minlength=parents)
        starts = np.cumsum(counts) - counts
        coordinates = [place[owner] for place in coordinates] + [np.arange(len(owner)) - starts[owner]]
        sizes.append(int(counts.max(initial=0)))
        parents = len(owner)
    return coordinates, sizes


def count_ragged(splits: Array, values: Array, size: Array, weights: Array, *, binary: bool = False) -> Array:
    """Return how often each row has each number, in the dtype of the weights.

    The result is (rows, size). Numbers of ``size`` and more are not counted. ``binary``: 1 for each number of the row.
    """
    return _counted(_rows(splits), values, (len(splits) - 1, int(size)), weights, binary=binary)


def count_dense(values: Array, size: Array, weights: Array, *, binary: bool = False) -> Array:
    """Return how often a vector, or a matrix's row, has each number below ``size``."""
    if values.ndim == 1:
        zeros = np.zeros(len(values), np.int64)
        counts: Array = _counted(zeros, values, (1, int(size)), weights, binary=binary)[0]
        return counts
    rows = np.repeat(np.arange(values.shape[0]), values.shape[1])
    return _counted(rows, values.ravel(), (len(values), int(size)), weights.ravel(), binary=binary)


def _counted(rows: Array, values: Array, shape: tuple[int, int], weights: Array, *, binary: bool) -> Array:
    counts = np.zeros(affordable(shape), weights.dtype)
    kept = values < shape[1]
    at = rows[kept], values[kept]
    if binary:
        counts[at] = 1
    else:
        np.add.at(counts, at, weights[kept] if weights.size else np.ones((), weights.dtype))
    return counts


def dense_of_sparse(positions: Array, shape: Array, values: Array, default: Array) -> Array:
    """Return an array with ``values`` at ``positions`` and ``default`` elsewhere."""
    dense = np.full(affordable(np.atleast_1d(shape).tolist()), default, values.dtype)
    at = positions.reshape(-1, 1) if positions.ndim < 2 else positions
    dense[tuple(at.T)] = values
    return dense


OPERATORS: dict[str, Operator] = {
    "to_dense": plain(to_dense),
    "count_ragged": plain(count_ragged),
    "count_dense": plain(count_dense),
    "dense_of_sparse": plain(dense_of_sparse),
}
