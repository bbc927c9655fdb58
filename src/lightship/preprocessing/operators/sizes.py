"""Limits of the arrays that operators make.

An array whose size is a product, such as rows times the longest row, or a value of the request, may be far larger than
the request.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lightship.errors import TooLarge
from lightship.tensors import Array

MOST_ENTRIES = 2**26
MOST_BYTES = 2**28  # of strings


def affordable(sizes: Sequence[int], *, most: int = MOST_ENTRIES) -> Sequence[int]:
    """Return sizes, in Python's integers; raises TooLarge for too many entries."""
    if math.prod(sizes) > most:
        form = " x ".join(map(str, sizes))
        raise TooLarge(
            f"the preprocessing of this request takes {form} entries, where each row takes as many as the longest, and "
            f"{most} are the most: send fewer rows, and long texts in requests of their own"
        )
    return sizes


def check_broadcast(*arrays: Array) -> None:
    """Raise TooLarge where arrays of different shapes make one of too many entries."""
    most = 1
    for array in arrays:
        most *= array.size
    if most > MOST_ENTRIES:
        affordable(np.broadcast_shapes(*[array.shape for array in arrays]))


def check_splits(splits: Array, count: int) -> None:
    """Raise ValueError unless splits are ascending positions among ``count`` values."""
    if not len(splits) or splits[0] < 0 or splits[-1] > count or np.any(splits[1:] < splits[:-1]):
        raise ValueError("the splits of rows are not ascending")


def check_numbers(array: Array) -> None:
    """Raise ValueError for strings, on which numpy repeats or formats."""
    if array.dtype.hasobject:
        raise ValueError("the operator takes numbers, not strings")
