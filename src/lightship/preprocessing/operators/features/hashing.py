"""Operators that map strings and combinations of features to buckets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from lightship.preprocessing.fingerprints import farmhash, join, siphash
from lightship.preprocessing.operators.base import Operator, plain
from lightship.preprocessing.operators.sizes import affordable
from lightship.tensors import Array

_MOST_CROSSES = 2**20  # each takes about a microsecond


def fast(texts: Array, *, buckets: int) -> Array:
    """Return the FarmHash of each string modulo the number of buckets, as int64."""
    return _buckets(texts, farmhash, buckets)


def strong(texts: Array, *, buckets: int, key: Sequence[int]) -> Array:
    """Return the keyed SipHash of each string modulo the number of buckets, as int64."""
    low, high = (part & 0xFFFFFFFFFFFFFFFF for part in key)
    return _buckets(texts, lambda text: siphash(text, (low, high)), buckets)


def _buckets(texts: Array, function: Callable[[bytes], int], buckets: int) -> Array:
    values = texts.ravel().tolist()
    found = {text: function(text) % buckets for text in set(values)}
    return np.array([found[text] for text in values], np.int64).reshape(texts.shape)


def cross(*columns: Array, buckets: int, key: int) -> tuple[Array, Array, Array]:
    """Return the buckets of all combinations of the columns' features in each row.

    A column has strings or integers (rows, features). Without ``buckets`` (0) the hash is reduced modulo 2**63 - 1.
    Returns a sparse matrix: int64 positions, values and shape.
    """
    affordable([len(columns[0]), *(column.shape[1] for column in columns)], most=_MOST_CROSSES)
    table = [[_fingerprints(row) for row in column.tolist()] for column in columns]
    found: list[int] = []
    for row in zip(*table, strict=True):
        for features in product(*row):
            found.append(_crossed(features, key) % (buckets or 2**63 - 1))
    rows = len(columns[0])
    width = len(found) // rows if rows else 0
    positions = np.stack(np.divmod(np.arange(len(found)), max(width, 1)), axis=1)
    return positions, np.array(found, np.int64), np.array([rows, width], np.int64)


def _fingerprints(row: Sequence[bytes | int]) -> list[int]:
    return [farmhash(each) if isinstance(each, bytes) else each & 0xFFFFFFFFFFFFFFFF for each in row]


def _crossed(features: Sequence[int], key: int) -> int:
    result = key
    for feature in features:
        result = join(result, feature)
    return result


OPERATORS: dict[str, Operator] = {"fast": plain(fast), "strong": plain(strong), "cross": plain(cross)}
