"""Counts of rows with a ranking as prediction and a set of items as target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lightship.evaluation.counts import sums
from lightship.evaluation.counts.replicates import REPLICATES
from lightship.tensors import Array

# Columns of :func:`of_rows`.
NAMES = ("ndcg", "recall", "hit_rate", "mrr")


@dataclass
class Rankings:
    """Counts of rows.

    ``rows`` are [1 + replicates], ``sums`` of each row's figures [1 + replicates, figures] in the order of
    :data:`NAMES`. ``excluded`` is the number of rows without a target, which are not counted.
    """

    output: str
    rows: Array
    sums: Array
    excluded: int = 0

    @classmethod
    def empty(cls, *, output: str = "", replicates: int = REPLICATES) -> Rankings:
        """Return counts of no rows."""
        return cls(output, np.zeros(1 + replicates), np.zeros((1 + replicates, len(NAMES))))

    @classmethod
    def merged(cls, parts: Sequence[Rankings]) -> Rankings:
        """Return the sum of parts."""
        return cls(
            parts[0].output,
            sums.exact([part.rows for part in parts]),
            sums.exact([part.sums for part in parts]),
            sum(part.excluded for part in parts),
        )

    def add(self, targets: Array, predictions: Array, weights: Array) -> None:
        """Count rows.

        ``targets`` [rows] are sets of indices, empty in a row without a target; ``predictions`` [rows, items] are
        indices, the best first; ``weights`` are [1 + replicates, rows].
        """
        valid = np.array([bool(target) for target in targets], np.bool_)
        self.excluded += int((~valid).sum())
        figures = of_rows(targets[valid], predictions[valid])
        self.rows += sums.weighted(np.ones(len(figures)), weights[:, valid])
        self.sums += sums.weighted(figures, weights[:, valid])


def of_rows(targets: Array, predictions: Array) -> Array:
    """Return the figures of each row [rows, figures], float64.

    They are in the order of :data:`NAMES`, with binary relevance: the discounted gain (1 / log2(1 + rank)) of the
    relevant items, divided by that of the best ranking of as many items; the share of the relevant items that are
    ranked; whether any of them is; one divided by the rank of the first of them. An item counts once, at its first
    rank.
    """
    gains = 1 / np.log2(np.arange(predictions.shape[1]) + 2)
    ideal = np.cumsum(gains)
    found = np.zeros((len(targets), len(NAMES)))
    for row, (target, ranked) in enumerate(zip(targets, predictions.tolist(), strict=True)):
        first = {item: rank for rank, item in reversed(list(enumerate(ranked)))}
        ranks = sorted(rank for item, rank in first.items() if item in target)
        if ranks:
            best = ideal[min(len(target), len(ideal)) - 1]
            found[row] = (gains[ranks].sum() / best, len(ranks) / len(target), 1, 1 / (1 + ranks[0]))
    return found
