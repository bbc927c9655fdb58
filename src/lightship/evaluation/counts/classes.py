"""Counts of rows that have one class each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.evaluation.counts import sums
from lightship.evaluation.counts.hits import Hits
from lightship.evaluation.counts.replicates import REPLICATES
from lightship.evaluation.counts.scores import Reliability, Scores
from lightship.tensors import Array

KIND = "classes"

# The most classes with a confusion matrix and with scores. A job stores the counts of a chunk in one item.
MOST_CLASSES = 50

# Probabilities are clipped as in scikit-learn's log_loss for float32: one of 0 would make the whole sum infinite.
LEAST = float(np.finfo(np.float32).eps)

# Probabilities may be beyond 0 and 1 by rounding.
_ROUNDING = 1e-5


@dataclass
class Detail:
    """Counts that an evaluation has and a job has not.

    Attributes:
        brier: sum of the squared distances of the probabilities from the target [1 + replicates].
        hits: right predictions by class.
        scores: of each class; empty with more than :data:`MOST_CLASSES` classes.
        confidence: by the probability of the second of two classes, or by the largest of several.
        improbable: number of rows with values beyond 0 and 1.
    """

    brier: Array
    hits: Hits
    scores: tuple[Scores, ...]
    confidence: Reliability
    improbable: int = 0

    @classmethod
    def empty(cls, classes: int, replicates: int) -> Detail:
        """Return counts of no rows."""
        scored = classes if classes <= MOST_CLASSES else 0
        scores = tuple(Scores.empty(replicates) for _ in range(scored))
        hits = Hits.empty(classes, replicates)
        return cls(np.zeros(1 + replicates), hits, scores, Reliability.empty(replicates))

    @classmethod
    def merged(cls, parts: Sequence[Detail]) -> Detail:
        """Return the sum of parts."""
        return cls(
            sums.exact([part.brier for part in parts]),
            Hits.merged([part.hits for part in parts]),
            tuple(map(Scores.merged, zip(*(part.scores for part in parts), strict=True))),
            Reliability.merged([part.confidence for part in parts]),
            sum(part.improbable for part in parts),
        )

    def add(self, targets: Array, probabilities: Array, weights: Array) -> None:
        """Count rows by class [rows] and float32 probabilities [rows, classes]."""
        likeliest = probabilities.argmax(axis=1)
        one_hot = targets[:, np.newaxis] == np.arange(probabilities.shape[1])
        self.brier += sums.weighted(_distances(probabilities, one_hot), weights)
        self.hits.add(targets, likeliest, weights)
        for index, scores in enumerate(self.scores):
            scores.add(probabilities[:, index], one_hot[:, index], weights)
        if probabilities.shape[1] == 2:
            self.confidence.add(probabilities[:, 1], targets == 1, weights)
        else:
            self.confidence.add(probabilities.max(axis=1), targets == likeliest, weights)
        self.improbable += int((np.abs(probabilities - 0.5) > 0.5 + _ROUNDING).any(axis=1).sum())


@dataclass
class Classes:
    """Counts of rows whose target is one class.

    ``rows``, ``right`` (rows) and ``log_loss`` (the sum of -ln p) are [1 + replicates]. ``confusion`` has the number of
    rows by target and prediction [classes, classes]; None with more than :data:`MOST_CLASSES` classes. ``excluded`` is
    the number of rows without a target or without finite predictions, which are not counted.
    """

    output: str
    classes: tuple[str, ...]
    rows: Array
    right: Array
    log_loss: Array
    confusion: Array | None
    detail: Detail | None = None
    excluded: int = 0

    @classmethod
    def empty(
        cls, classes: Sequence[str], *, output: str = "", replicates: int = REPLICATES, scores: bool = True
    ) -> Classes:
        """Return counts of no rows; without ``scores`` only what a job counts."""
        size = len(classes)
        confusion = np.zeros((size, size), np.int64) if size <= MOST_CLASSES else None
        detail = Detail.empty(size, replicates) if scores else None
        rows, right, log_loss = np.zeros((3, 1 + replicates))
        return cls(output, tuple(classes), rows, right, log_loss, confusion, detail)

    @classmethod
    def merged(cls, parts: Sequence[Classes]) -> Classes:
        """Return the sum of parts."""
        confusions = [part.confusion for part in parts if part.confusion is not None]
        details = [part.detail for part in parts if part.detail is not None]
        return cls(
            parts[0].output,
            parts[0].classes,
            sums.exact([part.rows for part in parts]),
            sums.exact([part.right for part in parts]),
            sums.exact([part.log_loss for part in parts]),
            np.sum(confusions, axis=0) if confusions else None,
            Detail.merged(details) if details else None,
            sum(part.excluded for part in parts),
        )

    def add(self, targets: Array, probabilities: Array, weights: Array) -> None:
        """Count rows.

        ``targets`` are indices of classes [rows], -1 for no class; ``probabilities`` are [rows, classes], taken as
        float32; ``weights`` are [1 + replicates, rows].
        """
        valid = (targets >= 0) & np.isfinite(probabilities).all(axis=1)
        self.excluded += int((~valid).sum())
        if not valid.all():
            targets, probabilities, weights = targets[valid], probabilities[valid], weights[:, valid]
        self._add(targets, np.asarray(probabilities, np.float32), weights)

    def _add(self, targets: Array, probabilities: Array, weights: Array) -> None:
        likeliest = probabilities.argmax(axis=1)
        of_target = probabilities[np.arange(len(targets)), targets].astype(np.float64)
        self.rows += sums.weighted(np.ones(len(targets)), weights)
        self.right += sums.weighted(targets == likeliest, weights)
        self.log_loss += sums.weighted(-np.log(np.clip(of_target, LEAST, 1 - LEAST)), weights)
        if self.confusion is not None:
            np.add.at(self.confusion, (targets, likeliest), 1)
        if self.detail is not None:
            self.detail.add(targets, probabilities, weights)

    def to_json(self) -> dict[str, Any]:
        """Return what a job counts."""
        record = {
            "kind": KIND,
            "output": self.output,
            "rows": int(self.rows[0]),
            "right": int(self.right[0]),
            "log_loss": float(self.log_loss[0]),
        }
        if self.confusion is None:
            return record
        return record | {"classes": list(self.classes), "confusion": self.confusion.tolist()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Classes:
        """Return the counts of a :meth:`to_json` record."""
        rows, right, log_loss = (np.array([record[name]], np.float64) for name in ("rows", "right", "log_loss"))
        confusion = np.array(record["confusion"], np.int64) if "confusion" in record else None
        return cls(record["output"], tuple(record.get("classes", ())), rows, right, log_loss, confusion)


def _distances(probabilities: Array, one_hot: Array) -> Array:
    """Return each row's squared distance from its target [rows].

    Of two classes it is that of the second one.
    """
    squares = (probabilities.astype(np.float64) - one_hot) ** 2
    distances: Array = squares[:, 1] if squares.shape[1] == 2 else squares.sum(axis=1)
    return distances
