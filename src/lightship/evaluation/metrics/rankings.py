"""Metrics of rankings."""

from __future__ import annotations

from collections.abc import Mapping

from lightship.evaluation.counts.rankings import NAMES, Rankings
from lightship.evaluation.metrics.averages import ratio
from lightship.evaluation.metrics.figures import OutputFigures, figures_of
from lightship.tensors import Array


def values(counts: Rankings) -> Mapping[str, Array]:
    """Return metrics by name [1 + replicates], NaN where they are undefined."""
    return {name: ratio(counts.sums[:, at], counts.rows) for at, name in enumerate(NAMES)}


def figures(counts: Rankings) -> OutputFigures:
    """Return all metrics."""
    metrics, absent = figures_of(values(counts), lambda _: "no row has both a target and a prediction")
    return OutputFigures(
        output=counts.output,
        task="ranking",
        rows=int(counts.rows[0]),
        excluded=counts.excluded,
        metrics=metrics,
        absent=absent,
    )
