"""Residuals for a plot: a histogram and a bounded sample of points.

The range of the histogram grows by doubling, so that bins are merged in pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lightship.tensors import Array

# Bins of a histogram: half of them on either side of 0.
BINS = 256

# The most points of a sample.
POINTS = 500

_LEAST_EXPONENT = -1000


@dataclass
class Residuals:
    """Predictions minus targets.

    Attributes:
        exponent: the histogram reaches from -2**exponent to 2**exponent; None without rows.
        rows: number of rows by bin [:data:`BINS`], int64.
        points: different pairs of a prediction and its residual [points, 2], those with the least hashes.
    """

    exponent: int | None = None
    rows: Array = field(default_factory=lambda: np.zeros(BINS, np.int64))
    points: Array = field(default_factory=lambda: np.empty((0, 2)))

    @classmethod
    def merged(cls, parts: Sequence[Residuals]) -> Residuals:
        """Return the sum of parts."""
        filled = [part for part in parts if part.exponent is not None]
        if not filled:
            return cls()
        exponent = max(part.exponent for part in filled if part.exponent is not None)
        rows = np.sum([part.widened(exponent) for part in filled], axis=0)
        return cls(exponent, rows, _sample(np.concatenate([part.points for part in filled])))

    @classmethod
    def of(cls, predicted: Array, residuals: Array) -> Residuals:
        """Return the counts of finite predictions and residuals [rows], float64."""
        if not len(residuals):
            return cls()
        largest = float(np.abs(residuals).max())
        exponent = max(math.frexp(largest)[1], _LEAST_EXPONENT) if largest else _LEAST_EXPONENT
        bins = np.floor(np.ldexp(residuals, -exponent) * (BINS // 2)).astype(np.int64) + BINS // 2
        rows = np.bincount(np.minimum(bins, BINS - 1), minlength=BINS).astype(np.int64)
        return cls(exponent, rows, _sample(np.stack([predicted, residuals], axis=1)))

    def widened(self, exponent: int) -> Array:
        """Return the rows by bin of the range of a larger exponent."""
        rows = self.rows
        steps = exponent - self.exponent if self.exponent is not None else 0
        for _ in range(min(steps, BINS.bit_length())):  # then all rows are in the two bins beside 0
            rows = np.pad(rows.reshape(-1, 2).sum(axis=1), BINS // 4)
        return rows


def _sample(points: Array) -> Array:
    """Return at most :data:`POINTS` different points, those with the least hashes."""
    hashes, first = np.unique(_hashes(points), return_index=True)
    return points[first[: min(POINTS, len(hashes))]]


def _hashes(points: Array) -> Array:
    """Return a hash of each pair of numbers: a round of SplitMix64 for each, uint64."""
    found = np.zeros(len(points), np.uint64)
    for column in np.ascontiguousarray(points.T + 0.0).view(np.uint64):
        found = (found ^ column) + np.uint64(0x9E3779B97F4A7C15)
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found ^= found >> np.uint64(31)
    return found
