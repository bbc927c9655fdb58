"""Areas under the ROC curve and the curve of precision by recall.

Rows of merged scores have an unknown order. The ROC area counts them as equal, so that it errs by at most half of their
pairs. The precision of a positive row among merged ones is between those of the best and of the worst order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lightship.evaluation.counts.scores import Scores
from lightship.evaluation.metrics.averages import mean_of_defined, ratio
from lightship.tensors import Array

NAMES = ("roc_auc", "pr_auc")


def roc(rows: Array) -> Array:
    """Return the area under the ROC curve […], NaN without both classes.

    ``rows`` [… 2, scores] are negative and positive rows by ascending score.
    """
    negative, positive = rows[..., 0, :], rows[..., 1, :]
    below = np.cumsum(negative, axis=-1) - negative / 2
    return ratio((positive * below).sum(axis=-1), positive.sum(axis=-1) * negative.sum(axis=-1))


def precision_recall(rows: Array) -> Array:
    """Return the average precision […], NaN without both classes.

    ``rows`` are those of :func:`roc`.
    """
    above = np.cumsum(rows[..., ::-1], axis=-1)[..., ::-1]
    negative, positive = rows[..., 0, :], rows[..., 1, :]
    precision = np.nan_to_num(ratio(above[..., 1, :], above.sum(axis=-2)))
    total = np.where(negative.sum(axis=-1) > 0, positive.sum(axis=-1), 0)
    return ratio((positive * precision).sum(axis=-1), total)


def of_class(scores: Scores) -> dict[str, Array]:
    """Return both areas of a class by metric [1 + replicates]."""
    return {"roc_auc": _replicated(roc, scores), "pr_auc": _replicated(precision_recall, scores)}


def means(scores: Sequence[Scores], size: int) -> dict[str, Array]:
    """Return the means of the classes' areas by metric [size]; NaN without scores.

    ``size`` is 1 + replicates.
    """
    if not scores:
        return {name: np.full(size, np.nan) for name in NAMES}
    found = [of_class(each) for each in scores]
    return {name: mean_of_defined(np.stack([each[name] for each in found], axis=1)) for name in NAMES}


def errors(scores: Sequence[Scores]) -> dict[str, float]:
    """Return the most by which an area of a class errs, by metric."""
    bounds = (max(map(bound, scores), default=0.0) for bound in (roc_error, precision_recall_error))
    return dict(zip(NAMES, bounds, strict=True))


def roc_error(scores: Scores) -> float:
    """Return the most by which the area errs; 0 where no scores were merged."""
    negative, positive = scores.histogram.rows.astype(np.float64)
    pairs = positive.sum() * negative.sum()
    return float((positive * negative).sum() / 2 / pairs) if scores.histogram.shift and pairs else 0.0


def precision_recall_error(scores: Scores) -> float:
    """Return the most by which the average precision errs.

    It is 0 where no scores were merged.
    """
    negative, positive = scores.histogram.rows.astype(np.float64)
    if not scores.histogram.shift or not positive.sum():
        return 0.0
    right, wrong = (np.cumsum(rows[::-1])[::-1] - rows for rows in (positive, negative))  # with higher scores
    found = np.nan_to_num(ratio(right + positive, right + positive + wrong + negative))
    best = np.nan_to_num(ratio(right + positive, right + positive + wrong))
    worst = (right + 1) / (right + 1 + wrong + negative)
    return float((positive * np.maximum(best - found, found - worst)).sum() / positive.sum())


def _replicated(area: Callable[[Array], Array], scores: Scores) -> Array:
    """Return an area and its replicates [1 + replicates].

    The value is of all scores. A replicate is the value plus the difference of the coarse areas, from 0 to 1.
    """
    value, coarse = area(scores.histogram.rows), area(scores.coarse)
    return np.concatenate([value[np.newaxis], np.clip(value + coarse[1:] - coarse[0], 0, 1)])
