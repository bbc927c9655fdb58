"""Lookups in tables of keys and values, and bins of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from lightship.preprocessing.operators.base import Operation, Operator, plain
from lightship.tensors import Array


def find(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Return the values of keys, in the queries' shape.

    Inputs: the table's keys and values, which are constants, the queries, and the value of an unknown key.
    """
    keys, values = constants[0], constants[1]
    return _Strings(keys, values) if keys.dtype == np.object_ else _Numbers(keys, values)


class _Strings:
    """Lookup of strings in a dictionary."""

    def __init__(self, keys: Array, values: Array) -> None:
        self._values = dict(zip(keys.tolist(), values.tolist(), strict=True))

    def __call__(self, keys: Array, values: Array, queries: Array, default: Array) -> Array:
        found = map(self._values.get, queries.ravel().tolist(), repeat(default.item()))
        return np.fromiter(found, values.dtype, queries.size).reshape(queries.shape)


class _Numbers:
    """Lookup of numbers by binary search."""

    def __init__(self, keys: Array, values: Array) -> None:
        order = np.argsort(keys)
        self._keys, self._values = keys[order], values[order]

    def __call__(self, keys: Array, values: Array, queries: Array, default: Array) -> Array:
        if not len(self._keys):
            return np.full(queries.shape, default.item(), values.dtype)
        at = np.minimum(np.searchsorted(self._keys, queries), len(self._keys) - 1)
        found = self._values[at]
        return np.where(self._keys[at] == queries, found, default.astype(values.dtype))


def bucketize(numbers: Array, *, boundaries: Sequence[float]) -> Array:
    """Return how many boundaries are at most each number, as int32; NaN is beyond all."""
    bins = np.searchsorted(np.array(boundaries, np.float32), numbers, side="right")
    return bins.astype(np.int32)


OPERATORS: dict[str, Operator] = {"find": find, "bucketize": plain(bucketize)}
