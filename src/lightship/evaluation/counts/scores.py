"""Counts of the scores of one class against the rest.

They are for ROC, precision and recall, thresholds and calibration.
The values themselves are of a histogram of all different scores. Replicates are of a coarse histogram, whose cells are
fixed; only the difference between a replicate and the coarse value is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lightship.evaluation.counts import sums
from lightship.evaluation.counts.histogram import Histogram, keys_of
from lightship.tensors import Array

# Bins of equal width of a calibration curve.
BINS = 15

# Cells of a coarse histogram: 16 in each of the 16 octaves from 2**-17 to 0.5, and from there to 1 in mirror image.
CELLS = 512

_DROPPED_BITS = 19
_FIRST_CELL = int(keys_of(np.array([2**-17], np.float32))[0]) >> _DROPPED_BITS


@dataclass
class Reliability:
    """Rows by score in :data:`BINS` bins of equal width.

    ``rows``, ``positive`` (rows) and ``scores`` (their sum) are [1 + replicates, bins].
    """

    rows: Array
    positive: Array
    scores: Array

    @classmethod
    def empty(cls, replicates: int) -> Reliability:
        """Return counts of no rows."""
        return cls(*np.zeros((3, 1 + replicates, BINS)))

    @classmethod
    def merged(cls, parts: Sequence[Reliability]) -> Reliability:
        """Return the sum of parts."""
        return cls(
            sums.exact([part.rows for part in parts]),
            sums.exact([part.positive for part in parts]),
            sums.exact([part.scores for part in parts]),
        )

    def add(self, scores: Array, positive: Array, weights: Array) -> None:
        """Count rows by float32 scores [rows]; ``positive`` is of booleans [rows]."""
        numbers = scores.astype(np.float64)
        bins = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], numbers)
        negative, found = np.split(sums.tally(bins + BINS * positive, 2 * BINS, weights), 2, axis=1)
        self.rows += negative + found
        self.positive += found
        self.scores += sums.tally(bins, BINS, weights * numbers)


@dataclass
class Scores:
    """Scores of one class against the rest.

    ``coarse`` has the weight of negative and positive rows by cell [1 + replicates, 2, :data:`CELLS`].
    """

    histogram: Histogram
    coarse: Array
    reliability: Reliability

    @classmethod
    def empty(cls, replicates: int) -> Scores:
        """Return counts of no rows."""
        return cls(Histogram(), np.zeros((1 + replicates, 2, CELLS)), Reliability.empty(0))

    @classmethod
    def merged(cls, parts: Sequence[Scores]) -> Scores:
        """Return the sum of parts."""
        histogram = Histogram()
        for part in parts:
            histogram.absorb(part.histogram)
        coarse = np.sum([part.coarse for part in parts], axis=0)
        return cls(histogram, coarse, Reliability.merged([part.reliability for part in parts]))

    def add(self, scores: Array, positive: Array, weights: Array) -> None:
        """Count rows by float32 scores [rows]; ``positive`` is of booleans [rows]."""
        self.histogram.add(scores, positive)
        cells = np.clip((keys_of(scores) >> _DROPPED_BITS) - _FIRST_CELL, 0, CELLS - 1)
        self.coarse += sums.tally(cells + CELLS * positive, 2 * CELLS, weights).reshape(self.coarse.shape)
        self.reliability.add(scores, positive, weights[:1])
