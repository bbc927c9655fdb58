"""Shapley values of the columns of a table, exact or by KernelSHAP.

With up to :data:`EXACT` columns all coalitions are evaluated. For more, coalitions are drawn from the Shapley kernel in
pairs with their complements, and a least-squares fit whose values add up to the difference of the prediction from the
base gives the values (Lundberg and Lee 2017; Covert and Lee 2021).
"""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np

from lightship.explain.effects import Effects
from lightship.explain.evaluation import Values
from lightship.tensors import Array

EXACT = 11
MOST = 1000  # columns; the time of the fit grows with their cube

_SAMPLES = 2048  # and two for each column


def cost(count: int) -> int:
    """Return the number of evaluations for the columns that differ from the baseline."""
    return 2**count if count <= EXACT else 2 + 2 * count + _SAMPLES


def effects(values: Values, differs: Array) -> Effects:
    """Return the Shapley value of each column.

    ``differs`` is whether a column's value is not the baseline's; the value of the others is exactly zero.
    """
    (players,) = np.nonzero(differs)

    def of_players(present: Array) -> Array:
        whole = np.ones((len(present), len(differs)), bool)
        whole[:, players] = present
        return values(whole)

    found = (_exact if len(players) <= EXACT else _sampled)(of_players, len(players))
    complete = np.zeros(len(differs))
    complete[players] = found.values
    return found._replace(values=complete)


def _exact(values: Values, count: int) -> Effects:
    """Return the Shapley values from all coalitions."""
    coalitions = np.array(list(product((False, True), repeat=count)), bool).reshape(2**count, count)
    numbers = values(coalitions)
    weights = np.array([1 / (count * comb(count - 1, size)) for size in range(count)])
    found = np.zeros(count)
    for index in range(count):
        added = coalitions[:, index]  # in the same order as the coalitions without the column
        gains, sizes = numbers[added] - numbers[~added], coalitions[~added].sum(axis=1)
        found[index] = (gains * weights[sizes]).sum()
    return Effects("exact_shapley", found, float(numbers[0]), float(numbers[-1]), 0.0, len(numbers))


def _sampled(values: Values, count: int) -> Effects:
    """Return the values of the least-squares fit, with their largest standard error."""
    ends = values(np.array([[False] * count, [True] * count]))
    base, prediction = ends.tolist()
    coalitions = _coalitions(count, cost(count) // 2 - 1)
    gains = values(coalitions) - base
    # The last value is what the others leave of the total, so that all values add up to it.
    design = coalitions[:, :-1].astype(float) - coalitions[:, -1:]
    response = gains - coalitions[:, -1] * (prediction - base)
    inverse = np.linalg.pinv(design.T @ design, hermitian=True)
    fitted = inverse @ (design.T @ response)
    found = np.append(fitted, prediction - base - fitted.sum())
    error = _standard_errors(design, response - design @ fitted, inverse).max()
    return Effects("kernel_shap", found, base, prediction, float(error), len(coalitions) + 2)


def _coalitions(count: int, pairs: int) -> Array:
    """Return coalitions [2 * pairs, count], each followed by its complement."""
    rng = np.random.default_rng(count)
    sizes = np.arange(1, count)
    weights = (count - 1) / (sizes * (count - sizes))
    drawn = rng.choice(sizes, size=pairs, p=weights / weights.sum())
    ranks = rng.random((pairs, count)).argsort(axis=1).argsort(axis=1)
    first = ranks < drawn[:, np.newaxis]
    return np.stack([first, ~first], axis=1).reshape(-1, count)


def _standard_errors(design: Array, residuals: Array, inverse: Array) -> Array:
    """Return the standard error of each value.

    A coalition and its complement are one observation.
    """
    samples, parameters = design.shape
    scores = (design * residuals[:, np.newaxis]).reshape(samples // 2, 2, parameters).sum(axis=1)
    covariance = inverse @ (scores.T @ scores) @ inverse * samples / (samples - parameters)
    variances = np.append(np.diagonal(covariance), covariance.sum())
    return np.asarray(np.sqrt(np.maximum(variances, 0)))
