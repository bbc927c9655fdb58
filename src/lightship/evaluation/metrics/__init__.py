"""Metrics from counts."""

from __future__ import annotations

from collections.abc import Mapping

from lightship.evaluation.counts import Classes, Counts, Labels, Rankings
from lightship.evaluation.metrics import classes, labels, numbers, rankings
from lightship.evaluation.metrics.figures import ClassFigures, Curve, Figure, OutputFigures, ResidualPlot, Threshold
from lightship.tensors import Array

__all__ = [
    "ClassFigures",
    "Curve",
    "Figure",
    "OutputFigures",
    "ResidualPlot",
    "Threshold",
    "figures",
    "values",
]


def figures(counts: Counts) -> OutputFigures:
    """Return all metrics, curves and tables of an output."""
    if isinstance(counts, Classes):
        return classes.figures(counts)
    if isinstance(counts, Rankings):
        return rankings.figures(counts)
    return labels.figures(counts) if isinstance(counts, Labels) else numbers.figures(counts)


def values(counts: Counts) -> Mapping[str, Array]:
    """Return metrics by name, each [1 + replicates]: the value and its replicates.

    NaN is a metric that is undefined. The difference between two models on the same rows is the difference of these.
    """
    if isinstance(counts, Classes):
        return classes.values(counts)
    if isinstance(counts, Rankings):
        return rankings.values(counts)
    return labels.values(counts) if isinstance(counts, Labels) else numbers.values(counts)
