"""Figures of ranked lists, with intervals from a bootstrap over users."""

from __future__ import annotations

import numpy as np

DRAWS = 10_000


def ndcg(lists: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the normalised discounted cumulative gain of each user, float64 [users].

    ``lists`` is int [users, k], films in order; ``targets`` is bool [users, films], with a target for every user.
    """
    hits = np.take_along_axis(targets, lists, 1)
    discounts = 1 / np.log2(np.arange(lists.shape[1]) + 2)
    ideal = np.cumsum(discounts)[np.minimum(targets.sum(1), lists.shape[1]) - 1]
    return hits @ discounts / ideal


def recall(lists: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the share of each user's targets that are in the list, float64 [users]."""
    return np.take_along_axis(targets, lists, 1).sum(1) / targets.sum(1)


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean of one figure per user, and its 95 % interval."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(DRAWS)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def best(scores: np.ndarray, rated: np.ndarray, k: int = 10) -> np.ndarray:
    """Return the ``k`` best films that are not rated, int [users, k], best first."""
    return np.argsort(np.where(rated, np.inf, -scores), axis=1, kind="stable")[:, :k]
