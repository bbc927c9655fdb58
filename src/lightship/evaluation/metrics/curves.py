"""Curves of one class against the rest, and the table of thresholds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lightship.evaluation.counts.histogram import keys_of
from lightship.evaluation.counts.scores import Reliability, Scores
from lightship.evaluation.metrics.averages import mean_of_defined, ratio
from lightship.evaluation.metrics.figures import Curve, Threshold, numbers
from lightship.tensors import Array

# The most points of a curve.
POINTS = 200

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))


def all_curves(classes: Sequence[str], scores: Sequence[Scores]) -> dict[str, tuple[Curve, ...]]:
    """Return the curves of the classes that have both positive and negative rows."""
    pairs = [(name, each) for name, each in zip(classes, scores, strict=True) if _has_both(each)]
    if not pairs:
        return {}
    return {
        "roc": tuple(roc(name, each) for name, each in pairs),
        "pr": tuple(precision_recall(name, each) for name, each in pairs),
        "calibration": tuple(calibration(name, each.reliability) for name, each in pairs),
    }


def roc(name: str, scores: Scores) -> Curve:
    """Return the rate of true positives ``y`` by that of false ones ``x``.

    It is from (0, 0) to (1, 1).
    """
    negative, positive = _from_highest(scores)
    start = np.zeros(1)
    return _thinned(
        name,
        np.concatenate([start, negative / negative[-1]]),
        np.concatenate([start, positive / positive[-1]]),
    )


def precision_recall(name: str, scores: Scores) -> Curve:
    """Return the precision ``y`` by the recall ``x``, from the highest threshold."""
    negative, positive = _from_highest(scores)
    return _thinned(name, positive / positive[-1], positive / (positive + negative))


def calibration(name: str, reliability: Reliability) -> Curve:
    """Return the calibration by bin: mean score, share of positive rows, count.

    Bins without rows are left out.
    """
    rows, positive, scores = reliability.rows[0], reliability.positive[0], reliability.scores[0]
    filled = rows > 0
    mean, share = (numbers((array / np.maximum(rows, 1))[filled]) for array in (scores, positive))
    return Curve(name, {"mean": mean, "share": share, "count": tuple(int(count) for count in rows[filled])})


def calibration_error(reliability: Reliability) -> Array:
    """Return the expected calibration error [1 + replicates].

    That is the mean over rows of the distance between the mean score and the share of positive rows in their bin.
    Sampling again adds noise to every bin, which raises the error: replicates are moved until their mean is the value.
    """
    distances = np.abs(reliability.scores - reliability.positive).sum(axis=1)
    errors = ratio(distances, reliability.rows.sum(axis=1))
    centre = mean_of_defined(errors[1:])
    return np.concatenate([errors[:1], np.maximum(errors[1:] + errors[0] - centre, 0)])


def thresholds(scores: Scores) -> tuple[Threshold, ...]:
    """Return metrics where a row is predicted from a threshold on."""
    if not _has_both(scores):
        return ()
    keys = keys_of(np.array(THRESHOLDS, np.float32)) >> scores.histogram.shift
    starts = np.searchsorted(scores.histogram.keys, keys)
    rows = scores.histogram.rows
    above = np.concatenate([np.cumsum(rows[:, ::-1], axis=1)[:, ::-1], np.zeros((2, 1), np.int64)], axis=1)[:, starts]
    total_negative, total_positive = rows.sum(axis=1).tolist()
    return tuple(
        _threshold(threshold, wrong, right, total_negative, total_positive)
        for threshold, wrong, right in zip(THRESHOLDS, *above.tolist(), strict=True)
    )


def _threshold(threshold: float, wrong: int, right: int, negative: int, positive: int) -> Threshold:
    predicted = wrong + right
    return Threshold(
        threshold=threshold,
        precision=right / predicted if predicted else None,
        recall=right / positive,
        f1=2 * right / (predicted + positive),
        accuracy=(right + negative - wrong) / (negative + positive),
        predicted=predicted,
    )


def _has_both(scores: Scores) -> bool:
    return bool((scores.histogram.rows.sum(axis=1) > 0).all())


def _from_highest(scores: Scores) -> Array:
    """Return the negative and positive rows with at least each score [2, scores].

    The highest score is the first.
    """
    return np.cumsum(scores.histogram.rows[:, ::-1], axis=1)


def _thinned(name: str, x: Array, y: Array) -> Curve:
    """Return a curve of at most :data:`POINTS` points, evenly along its length."""
    steps = np.abs(np.diff(x, prepend=x[:1])) + np.abs(np.diff(y, prepend=y[:1]))
    length = np.cumsum(steps)
    if len(x) > POINTS:
        chosen = np.unique(np.searchsorted(length, np.linspace(0, length[-1], POINTS)).clip(0, len(x) - 1))
        x, y = x[chosen], y[chosen]
    return Curve(name, {"x": numbers(x), "y": numbers(y)})
