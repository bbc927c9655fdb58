"""Weighted sums over rows, and exact sums over parts.

Results have a leading axis [1 + replicates]: the plain sum, and one for each replicate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lightship.tensors import Array


def weighted(values: Array, weights: Array) -> Array:
    """Return the sums [1 + replicates, …] of values [rows, …].

    ``weights`` are [1 + replicates, rows]; the first are 1.
    """
    numbers = values.astype(np.float64, copy=False)
    plain = numbers.sum(axis=0)[np.newaxis]
    return np.concatenate([plain, np.tensordot(weights[1:], numbers, axes=1)]) if len(weights) > 1 else plain


def tally(codes: Array, size: int, weights: Array) -> Array:
    """Return the weight of the rows with each code [1 + replicates, size].

    ``codes`` [rows] are integers from 0 to ``size`` - 1.
    """
    return np.stack([np.bincount(codes, of_rows, size) for of_rows in weights])


def exact(parts: Sequence[Array]) -> Array:
    """Return the sum of arrays of one shape, rounded once.

    The order of the parts does not matter.
    """
    columns = np.stack(parts).reshape(len(parts), -1).T.tolist()
    return np.array([math.fsum(column) for column in columns]).reshape(parts[0].shape)
