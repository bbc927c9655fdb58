"""Operators on shapes and dtypes of arrays of any dtype."""

from __future__ import annotations

import numpy as np

from lightship.preprocessing.operators.base import Operator, plain
from lightship.preprocessing.operators.sizes import affordable
from lightship.tensors import DTYPES, Array


def cast(array: Array, *, dtype: str) -> Array:
    """Return the array in another dtype; values beyond a float dtype become infinite."""
    with np.errstate(over="ignore"):
        return array.astype(DTYPES[dtype])


def concatenate(*arrays: Array, axis: int) -> Array:
    """Return the arrays joined along an axis."""
    affordable([sum([array.size for array in arrays])])
    return np.concatenate(arrays, axis=axis)


OPERATORS: dict[str, Operator] = {
    "cast": plain(cast),
    "concatenate": plain(concatenate),
}
