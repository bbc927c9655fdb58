"""Counts of each class's right predictions: for precision, recall and F1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lightship.evaluation.counts import sums
from lightship.tensors import Array


@dataclass
class Hits:
    """Number of rows by class, each [1 + replicates, classes].

    Attributes:
        right: rows of the class that were predicted as it.
        support: rows of the class.
        predicted: rows that were predicted as the class.
    """

    right: Array
    support: Array
    predicted: Array

    @classmethod
    def empty(cls, classes: int, replicates: int) -> Hits:
        """Return counts of no rows."""
        return cls(*np.zeros((3, 1 + replicates, classes)))

    @classmethod
    def merged(cls, parts: Sequence[Hits]) -> Hits:
        """Return the sum of parts."""
        return cls(
            np.sum([part.right for part in parts], axis=0),
            np.sum([part.support for part in parts], axis=0),
            np.sum([part.predicted for part in parts], axis=0),
        )

    def add(self, targets: Array, predicted: Array, weights: Array) -> None:
        """Count rows by the classes of target and prediction, both integers [rows]."""
        size = self.right.shape[1]
        right = targets == predicted
        wrong, hits = np.split(sums.tally(targets + size * right, 2 * size, weights), 2, axis=1)
        self.right += hits
        self.support += hits + wrong
        self.predicted += hits + sums.tally(predicted[~right], size, weights[:, ~right])

    def add_labels(self, targets: Array, predicted: Array, weights: Array) -> None:
        """Count rows that may have several classes, as booleans [rows, classes]."""
        self.right += sums.weighted(targets & predicted, weights)
        self.support += sums.weighted(targets, weights)
        self.predicted += sums.weighted(predicted, weights)
