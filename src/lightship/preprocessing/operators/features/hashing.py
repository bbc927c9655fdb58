"""Operators that map strings and combinations of features to buckets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from lightship.preprocessing.fingerprints import MANY, MASK, farmhash, farmhashes, join, siphash, siphashes
from lightship.preprocessing.operators.base import Operation, Operator, plain
from lightship.preprocessing.operators.sizes import affordable
from lightship.tensors import Array

_FEW = 32  # combinations for which integers take less time than arrays
_MOST_CROSSES = 2**20  # whose arrays take 32 MB


def fast(texts: Array, *, buckets: int) -> Array:
    """Return the FarmHash of each string modulo the number of buckets, as int64."""
    return _buckets(texts, farmhash, farmhashes, buckets)


def strong(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Return the operation from strings to their SipHash modulo ``buckets``, as int64.

    ``key`` are two integers.
    """
    low, high = (part & MASK for part in options["key"])
    one, many = partial(siphash, key=(low, high)), partial(siphashes, key=(low, high))
    return partial(_buckets, one=one, many=many, buckets=options["buckets"])


def _buckets(
    texts: Array, one: Callable[[bytes], int], many: Callable[[Sequence[bytes]], Array], buckets: int
) -> Array:
    values = texts.ravel().tolist()
    distinct = set(values)
    if len(distinct) < MANY:
        found = {text: one(text) % buckets for text in distinct}
    else:
        found = dict(zip(distinct, (many(list(distinct)) % buckets).tolist(), strict=True))
    return np.array([found[text] for text in values], np.int64).reshape(texts.shape)


def cross(*columns: Array, buckets: int, key: int) -> tuple[Array, Array, Array]:
    """Return the buckets of all combinations of the columns' features in each row.

    A column has strings or integers (rows, features). Without ``buckets`` (0) the hash is reduced modulo 2**63 - 1.
    Returns a sparse matrix: int64 positions, values and shape.
    """
    sizes = affordable([len(columns[0]), *[column.shape[1] for column in columns]], most=_MOST_CROSSES)
    crossed = _few_crossed if math.prod(sizes) < _FEW else _crossed
    values = crossed(columns, key & MASK, buckets or 2**63 - 1)
    return _positions(*values.shape), values.ravel(), np.array(values.shape, np.int64)


def _positions(rows: int, width: int) -> Array:
    positions = np.empty((rows, width, 2), np.int64)
    positions[:, :, 0] = np.arange(rows)[:, np.newaxis]
    positions[:, :, 1] = np.arange(width)
    return positions.reshape(-1, 2)


def _few_crossed(columns: Sequence[Array], key: int, buckets: int) -> Array:
    """Return the buckets of all combinations in each row (rows, combinations)."""
    found = []
    for row in zip(*[column.tolist() for column in columns], strict=True):
        hashes = [key]
        for features in row:
            hashes = [join(first, second) for first in hashes for second in map(_fingerprint, features)]
        found.append([value % buckets for value in hashes])
    return np.array(found, np.int64) if found else np.zeros((0, 0), np.int64)


def _fingerprint(feature: bytes | int) -> int:
    return farmhash(feature) if isinstance(feature, bytes) else feature & MASK


def _crossed(columns: Sequence[Array], key: int, buckets: int) -> Array:
    """Return what :func:`_few_crossed` does, in less time for many combinations."""
    rows = len(columns[0])
    hashes = np.full((rows, 1), key, np.uint64)
    for column in map(_fingerprints, columns):
        hashes = join(hashes[:, :, np.newaxis], column[:, np.newaxis]).reshape(rows, -1)
    return (hashes % buckets).astype(np.int64)


def _fingerprints(column: Array) -> Array:
    if column.dtype != np.object_:
        return column.astype(np.uint64)
    values = column.ravel().tolist()
    distinct = list(set(values))
    found = dict(zip(distinct, farmhashes(distinct).tolist(), strict=True))
    return np.array([found[text] for text in values], np.uint64).reshape(column.shape)


OPERATORS: dict[str, Operator] = {"fast": plain(fast), "strong": strong, "cross": plain(cross)}
