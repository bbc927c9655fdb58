"""Metrics of rows that have a number, or several, each."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from lightship.evaluation.counts.numbers import Numbers
from lightship.evaluation.counts.residuals import BINS, Residuals
from lightship.evaluation.metrics.averages import ratio
from lightship.evaluation.metrics.figures import OutputFigures, ResidualPlot, figures_of, numbers
from lightship.tensors import Array

# The most bins of a histogram in a report.
_MOST_BINS = 50


def values(counts: Numbers) -> Mapping[str, Array]:
    """Return metrics by name [1 + replicates], NaN where they are undefined.

    Those of several numbers per row are the mean of each number's.
    """
    rows = np.broadcast_to(counts.rows[:, np.newaxis], counts.squared.shape)
    squared = ratio(counts.squared, rows)
    return {
        "mse": squared.mean(axis=1),
        "mae": ratio(counts.absolute, rows).mean(axis=1),
        "rmse": np.sqrt(squared).mean(axis=1),
        "r2": (1 - ratio(counts.squared, counts.spread)).mean(axis=1),
    }


def figures(counts: Numbers) -> OutputFigures:
    """Return all metrics and the plot of residuals."""
    metrics, absent = figures_of(values(counts), lambda _: _reason(counts))
    return OutputFigures(
        output=counts.output,
        task="number",
        rows=int(counts.rows[0]),
        excluded=counts.excluded,
        metrics=metrics,
        absent=absent,
        residuals=_plot(counts.residuals) if counts.residuals else None,
    )


def _plot(residuals: Residuals) -> ResidualPlot | None:
    """Return the points by prediction, and the histogram.

    Its bins are those between the first and the last with rows.
    """
    if residuals.exponent is None:
        return None
    points = residuals.points[np.lexsort(residuals.points.T[::-1])]
    rows, step = residuals.rows, 1
    while len(np.trim_zeros(rows)) > _MOST_BINS:
        rows, step = rows.reshape(-1, 2).sum(axis=1), 2 * step
    filled = np.flatnonzero(rows)
    first, last = filled[0], filled[-1]
    width = math.ldexp(2 * step / BINS, residuals.exponent)
    edges = (np.arange(first, last + 2) - len(rows) // 2) * width
    counts = tuple(int(count) for count in rows[first : last + 1])
    return ResidualPlot(numbers(points[:, 0]), numbers(points[:, 1]), numbers(edges), counts)


def _reason(counts: Numbers) -> str:
    return "all targets are equal" if counts.rows[0] else "no row has both a target and a prediction"
