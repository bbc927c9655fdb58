"""Counts of rows that have any number of classes each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lightship.evaluation.counts import sums
from lightship.evaluation.counts.classes import LEAST, MOST_CLASSES
from lightship.evaluation.counts.hits import Hits
from lightship.evaluation.counts.replicates import REPLICATES
from lightship.evaluation.counts.scores import Scores
from lightship.tensors import Array

# A class is predicted from this probability on.
THRESHOLD = 0.5


@dataclass
class Labels:
    """Counts of rows whose target is a set of classes.

    ``rows``, ``right`` (rows with exactly the predicted classes), ``log_loss`` and ``brier`` (sums of each row's mean
    over the classes) are [1 + replicates]. ``scores`` is empty with more than
    :data:`~lightship.evaluation.counts.classes.MOST_CLASSES` classes. ``excluded`` is the number of rows without a
    target or without finite predictions, which are not counted.
    """

    output: str
    classes: tuple[str, ...]
    rows: Array
    right: Array
    log_loss: Array
    brier: Array
    hits: Hits
    scores: tuple[Scores, ...]
    excluded: int = 0

    @classmethod
    def empty(cls, classes: Sequence[str], *, output: str = "", replicates: int = REPLICATES) -> Labels:
        """Return counts of no rows."""
        size = len(classes)
        scores = tuple(Scores.empty(replicates) for _ in range(size if size <= MOST_CLASSES else 0))
        rows, right, log_loss, brier = np.zeros((4, 1 + replicates))
        hits = Hits.empty(size, replicates)
        return cls(output, tuple(classes), rows, right, log_loss, brier, hits, scores)

    @classmethod
    def merged(cls, parts: Sequence[Labels]) -> Labels:
        """Return the sum of parts."""
        return cls(
            parts[0].output,
            parts[0].classes,
            sums.exact([part.rows for part in parts]),
            sums.exact([part.right for part in parts]),
            sums.exact([part.log_loss for part in parts]),
            sums.exact([part.brier for part in parts]),
            Hits.merged([part.hits for part in parts]),
            tuple(map(Scores.merged, zip(*(part.scores for part in parts), strict=True))),
            sum(part.excluded for part in parts),
        )

    def add(self, targets: Array, probabilities: Array, weights: Array) -> None:
        """Count rows.

        ``targets`` [rows, classes] are 1 where a row has the class, 0 where it has not, and -1 in a row without a
        target; ``probabilities`` are [rows, classes], taken as float32; ``weights`` are [1 + replicates, rows].
        """
        valid = (targets >= 0).all(axis=1) & np.isfinite(probabilities).all(axis=1)
        self.excluded += int((~valid).sum())
        self._add(targets[valid] > 0, np.asarray(probabilities[valid], np.float32), weights[:, valid])

    def _add(self, targets: Array, probabilities: Array, weights: Array) -> None:
        predicted = probabilities >= THRESHOLD
        numbers = probabilities.astype(np.float64)
        of_target = np.clip(np.where(targets, numbers, 1 - numbers), LEAST, 1 - LEAST)
        self.rows += sums.weighted(np.ones(len(targets)), weights)
        self.right += sums.weighted((targets == predicted).all(axis=1), weights)
        self.log_loss += sums.weighted(-np.log(of_target).mean(axis=1), weights)
        self.brier += sums.weighted(((numbers - targets) ** 2).mean(axis=1), weights)
        self.hits.add_labels(targets, predicted, weights)
        for index, scores in enumerate(self.scores):
            scores.add(probabilities[:, index], targets[:, index], weights)
