"""Counts of rows that have a number, or several, each.

Means and spreads are merged as in Chan, Golub, LeVeque (1983), "Algorithms for Computing the Sample Variance": a sum of
squares would lose the differences between large targets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.evaluation.counts import sums
from lightship.evaluation.counts.replicates import REPLICATES
from lightship.evaluation.counts.residuals import Residuals
from lightship.tensors import Array

KIND = "numbers"

# Numbers from here on are not counted: their squares may overflow float64.
LARGEST = 1e100

# Integers up to here are exact as float64.
EXACT = 2**53

_SUMS = ("absolute", "squared", "mean", "spread")


@dataclass
class Numbers:
    """Counts of rows whose target is one number, or ``width`` numbers.

    ``rows`` is [1 + replicates]; the others are [1 + replicates, width]: ``absolute`` (the sum of |e|), ``squared``
    (the sum of e²), ``mean`` (of the targets) and ``spread`` (the sum of their squared deviations from it).
    ``residuals`` is None in a job. ``excluded`` is the number of rows without finite numbers, which are not counted.
    """

    output: str
    rows: Array
    absolute: Array
    squared: Array
    mean: Array
    spread: Array
    residuals: Residuals | None = None
    excluded: int = 0

    @classmethod
    def empty(
        cls, width: int = 1, *, output: str = "", replicates: int = REPLICATES, residuals: bool = True
    ) -> Numbers:
        """Return counts of no rows."""
        absolute, squared, mean, spread = np.zeros((4, 1 + replicates, width))
        plot = Residuals() if residuals else None
        return cls(output, np.zeros(1 + replicates), absolute, squared, mean, spread, plot)

    @classmethod
    def merged(cls, parts: Sequence[Numbers]) -> Numbers:
        """Return the sum of parts."""
        residuals = [part.residuals for part in parts if part.residuals is not None]
        return cls(
            parts[0].output,
            sums.exact([part.rows for part in parts]),
            sums.exact([part.absolute for part in parts]),
            sums.exact([part.squared for part in parts]),
            *_moments(parts),
            Residuals.merged(residuals) if residuals else None,
            sum(part.excluded for part in parts),
        )

    def add(self, targets: Array, predictions: Array, weights: Array) -> None:
        """Count rows.

        ``targets`` and ``predictions`` are numbers [rows] or [rows, width]; NaN is no target. Integers beyond 2**53
        are exact where the predictions are integers and the targets are integers in an object array.
        ``weights`` are [1 + replicates, rows].
        """
        shape = (len(targets), self.absolute.shape[1])
        targets, predictions = targets.reshape(shape), predictions.reshape(shape)
        valid = are_finite(targets) & are_finite(predictions)
        block = self._counted(targets[valid], predictions[valid], weights[:, valid])
        block.excluded = int((~valid).sum())
        vars(self).update(vars(Numbers.merged([self, block])))

    def _counted(self, targets: Array, predictions: Array, weights: Array) -> Numbers:
        target, error = _errors(targets, predictions)
        rows = sums.weighted(np.ones(len(target)), weights)
        absolute, squared = sums.weighted(np.abs(error), weights), sums.weighted(error**2, weights)
        residuals = None
        if self.residuals is not None:
            residuals = Residuals.of(predictions.astype(np.float64).ravel(), error.ravel())
        return Numbers(self.output, rows, absolute, squared, *_moments_of(target, rows, weights), residuals)

    def to_json(self) -> dict[str, Any]:
        """Return what a job counts: plain numbers of one number per row."""
        found = {name: getattr(self, name)[0].tolist() for name in _SUMS}
        if self.absolute.shape[1] == 1:
            found = {name: value for name, (value,) in found.items()}
        return {"kind": KIND, "output": self.output, "rows": int(self.rows[0]), **found}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Numbers:
        """Return the counts of a :meth:`to_json` record."""
        absolute, squared, mean, spread = (np.array(record[name], np.float64).reshape(1, -1) for name in _SUMS)
        return cls(record["output"], np.array([record["rows"]], np.float64), absolute, squared, mean, spread)


def are_finite(rows: Array) -> Array:
    """Return which rows have only numbers that can be counted [rows], bool."""
    countable = np.abs(rows.astype(np.float64)) < LARGEST  # False for NaN
    return np.asarray(countable.all(axis=tuple(range(1, rows.ndim))))


def _errors(targets: Array, predictions: Array) -> tuple[Array, Array]:
    """Return the targets, and each prediction minus its target as float64.

    Integers beyond 2**53 are subtracted as integers: as float64, neighbours would be equal. The targets are then an
    object array.
    """
    if predictions.dtype.kind == "f" or not (_has_large(targets) or _has_large(predictions)):
        target = targets.astype(np.float64)
        return target, predictions.astype(np.float64) - target
    exact = targets.astype(np.object_)
    return exact, (predictions.astype(np.object_) - exact).astype(np.float64)


def _has_large(numbers: Array) -> bool:
    return bool((np.abs(numbers.astype(np.float64)) >= EXACT).any())


def _moments_of(target: Array, rows: Array, weights: Array) -> tuple[Array, Array]:
    """Return the means and spreads of a block [1 + replicates, width].

    Deviations are measured from the first target, because large targets may differ by little, and those of replicates
    from the mean of the block.
    """
    if not len(target):
        return np.zeros((len(rows), target.shape[1])), np.zeros((len(rows), target.shape[1]))
    deviations = (target - target[0]).astype(np.float64)
    mean = deviations.mean(axis=0)
    deviations -= mean
    counted = np.maximum(rows, 1)[:, np.newaxis]
    offset = sums.weighted(deviations, weights) / counted
    spread = sums.weighted(deviations**2, weights) - rows[:, np.newaxis] * offset**2
    return target[0].astype(np.float64) + (mean + offset), np.maximum(spread, 0)


def _moments(parts: Sequence[Numbers]) -> tuple[Array, Array]:
    """Return the means and spreads of all parts.

    Means are measured from the smallest one, so that equal targets have a spread of exactly 0.
    """
    rows = np.stack([part.rows for part in parts])[..., np.newaxis]
    means, spreads = np.stack([part.mean for part in parts]), np.stack([part.spread for part in parts])
    least = np.where(rows > 0, means, np.inf).min(axis=0)
    least = np.where(np.isfinite(least), least, 0.0)
    mean = least + sums.exact([*(rows * (means - least))]) / np.maximum(rows.sum(axis=0), 1)
    return np.where(rows.sum(axis=0) > 0, mean, 0.0), sums.exact([*(rows * (means - mean) ** 2), *spreads])
