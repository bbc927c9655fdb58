"""Rows at which the predictions of trees change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lightship.tensors import Array

_ROWS = 256
_TIE = 1e-5  # classes with probabilities this close may change places in float32


def neighbours(bounds: Sequence[Array], dtype: str, *, missing: bool) -> Array:
    """Return rows of values at which the path in a tree changes.

    The values [rows, columns] are thresholds, their neighbours in a dtype, random ones, and NaN, which is in the second
    half of the rows only. Deterministic.
    """
    rng = np.random.default_rng(15)
    table = np.stack([_drawn(rng, each, np.dtype(dtype)) for each in bounds], axis=1)
    if missing:
        half = _ROWS // 2
        table[half:][rng.random((_ROWS - half, len(bounds))) < 0.1] = np.nan
    return table


def without_ties(rows: Array, probabilities: Array) -> Array:
    """Return the rows for which one class is clearly the most probable.

    In a tie, rounding in float64 decides between the classes.
    """
    best = np.sort(probabilities, axis=1)[:, -2:]
    return np.asarray(rows[(best[:, -1] - best[:, 0] > _TIE) | (best.shape[1] == 1)])


def _drawn(rng: np.random.Generator, bounds: Array, dtype: np.dtype[np.floating]) -> Array:
    finite = bounds[np.isfinite(bounds)]
    if not len(finite):
        return rng.standard_normal(_ROWS).astype(dtype)
    near = rng.choice(finite, _ROWS).astype(dtype)
    spread = np.asarray(rng.uniform(finite[0] - 1, finite[-1] + 1, _ROWS), dtype)
    choices = [near, np.nextafter(near, dtype.type(-np.inf)), np.nextafter(near, dtype.type(np.inf)), spread]
    return np.choose(rng.integers(0, len(choices), _ROWS), choices)
