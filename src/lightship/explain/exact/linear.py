"""Linear models: a coefficient times the distance from the mean is exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lightship.explain.attribution import CheckTime, unlimited
from lightship.tensors import Array


@dataclass(frozen=True)
class Linear:
    """A linear model.

    Attributes:
        coefficients: float64 [features, outputs].
        intercept: float64 [outputs].
        mean: float64 [features], the means of the recorded rows: the baseline.
    """

    coefficients: Array
    intercept: Array
    mean: Array

    @property
    def outputs(self) -> int:
        """Return the number of raw scores of a row."""
        return len(self.intercept)

    @property
    def features(self) -> int:
        """Return the number of features."""
        return len(self.mean)

    def scores(self, features: Array) -> Array:
        """Return the raw scores, float64 [rows, outputs]."""
        scores: Array = features.astype(np.float64) @ self.coefficients + self.intercept
        return scores

    def effects(self, features: Array, output: int, check_time: CheckTime = unlimited) -> tuple[float, Array]:
        """Return the base and the contributions [rows, features] to one raw score."""
        coefficients = self.coefficients[:, output]
        base = float(self.mean @ coefficients + self.intercept[output])
        return base, (features - self.mean) * coefficients

    def check(self) -> None:
        """Raise ValueError for arrays of other shapes or numbers that are not finite."""
        if self.coefficients.shape != (len(self.mean), len(self.intercept)) or not self.coefficients.size:
            raise ValueError("coefficients, intercept and mean have other shapes")
        if not all(np.isfinite(array).all() for array in (self.coefficients, self.intercept, self.mean)):
            raise ValueError("a coefficient is not finite")
