"""Histograms of scores: the negative and positive rows of each score.

A score from 0 to 1 is an integer, its *key*, in the same order: its float32 bits up to 0.5, and the bits of its
distance from 1, counted backwards, above. Without the lowest bits of the keys, neighbours have one key; the resolution
is relative to the distance from 0 or from 1, so that scores like 0.9999 are still told apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lightship.tensors import Array

# The most different scores: beyond it neighbours are merged.
MOST = 131_072

# The key of 0.5.
_HALF = int(np.float32(0.5).view(np.int32))


def keys_of(scores: Array) -> Array:
    """Return the keys of float32 scores, int64.

    Scores beyond 0 and 1 are taken as 0 and 1.
    """
    bounded = np.clip(scores, np.float32(0), np.float32(1)) + np.float32(0)  # no -0.0
    low = bounded <= np.float32(0.5)
    bits = np.where(low, bounded, np.float32(1) - bounded).view(np.int32).astype(np.int64)
    return np.where(low, bits, 2 * _HALF - bits)


def scores_of(keys: Array) -> Array:
    """Return the float32 scores of keys."""
    bits = np.where(keys <= _HALF, keys, 2 * _HALF - keys).astype(np.int32)
    distance = bits.view(np.float32)
    return np.where(keys <= _HALF, distance, np.float32(1) - distance)


@dataclass
class Histogram:
    """Weights of rows by score.

    Attributes:
        keys: ascending keys without their lowest ``shift`` bits [scores], int64.
        rows: number of negative and of positive rows [2, scores], int64.
        shift: bits that were dropped; 0 where each different score has a key.
    """

    keys: Array = field(default_factory=lambda: np.empty(0, np.int64))
    rows: Array = field(default_factory=lambda: np.empty((2, 0), np.int64))
    shift: int = 0

    @property
    def scores(self) -> Array:
        """Return the scores [scores], float32, ascending; the lowest one of merged scores."""
        return scores_of(self.keys << self.shift)

    def add(self, scores: Array, positive: Array) -> None:
        """Count rows by float32 scores [rows]; ``positive`` is of booleans [rows]."""
        keys, indices = np.unique(keys_of(scores) >> self.shift, return_inverse=True)
        rows = np.bincount(indices + len(keys) * positive, minlength=2 * len(keys)).reshape(2, -1)
        self._absorb(keys, rows.astype(np.int64))

    def absorb(self, other: Histogram) -> None:
        """Add another histogram's rows to this one."""
        self._coarsen(max(self.shift, other.shift))
        self._absorb(other.keys >> (self.shift - other.shift), other.rows)

    def _absorb(self, keys: Array, rows: Array) -> None:
        self.keys, self.rows = _grouped(np.concatenate([self.keys, keys]), np.concatenate([self.rows, rows], axis=1))
        while len(self.keys) > MOST:
            self._coarsen(self.shift + 1)

    def _coarsen(self, shift: int) -> None:
        self.keys, self.rows = _grouped(self.keys >> (shift - self.shift), self.rows)
        self.shift = shift


def _grouped(keys: Array, rows: Array) -> tuple[Array, Array]:
    """Return the different keys, ascending, and the sum of the rows of each."""
    if not len(keys):
        return keys, rows
    order = np.argsort(keys, kind="stable")  # sorted runs are merged in linear time
    ordered = keys[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    return ordered[starts], np.add.reduceat(rows[:, order], starts, axis=1)
