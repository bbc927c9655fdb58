"""Metrics of rows that have one class each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lightship.evaluation.counts.classes import MOST_CLASSES, Classes, Detail
from lightship.evaluation.metrics import areas, averages, curves
from lightship.evaluation.metrics.averages import ratio
from lightship.evaluation.metrics.figures import ClassFigures, OutputFigures, figures_of, of_class
from lightship.tensors import Array

# Metrics that need probabilities from 0 to 1.
_OF_PROBABILITIES = ("log_loss", *areas.NAMES, "brier", "ece")


def values(counts: Classes) -> Mapping[str, Array]:
    """Return metrics by name [1 + replicates], NaN where they are undefined."""
    found = {"accuracy": ratio(counts.right, counts.rows), "log_loss": ratio(counts.log_loss, counts.rows)}
    if counts.detail is None:
        return found
    found |= _of_detail(counts.detail, counts.rows)
    if counts.detail.improbable:
        found |= {name: np.full(counts.rows.shape, np.nan) for name in _OF_PROBABILITIES}
    return found


def figures(counts: Classes) -> OutputFigures:
    """Return all metrics, curves and tables."""
    found, detail = values(counts), counts.detail
    errors = areas.errors(detail.scores if detail else ())
    metrics, absent = figures_of(found, lambda name: _reason(counts, name), errors=errors)
    confusion = () if counts.confusion is None else tuple(tuple(map(int, row)) for row in counts.confusion)
    scores = detail.scores if detail and not detail.improbable else ()
    return OutputFigures(
        output=counts.output,
        task="classes",
        rows=int(counts.rows[0]),
        excluded=counts.excluded,
        classes=counts.classes,
        metrics=metrics,
        absent=absent,
        per_class=_per_class(counts.classes, detail) if detail else (),
        confusion=confusion,
        curves=curves.all_curves(counts.classes, scores) if scores else {},
        thresholds=curves.thresholds(scores[1]) if len(scores) == 2 else (),
    )


def _of_detail(detail: Detail, rows: Array) -> dict[str, Array]:
    scores = detail.scores[1:] if len(detail.scores) == 2 else detail.scores  # of two classes the second one's
    return {
        "balanced_accuracy": averages.balanced_accuracy(detail.hits),
        **averages.averaged(detail.hits),
        **areas.means(scores, len(rows)),
        "brier": ratio(detail.brier, rows),
        "ece": curves.calibration_error(detail.confidence),
    }


def _per_class(classes: tuple[str, ...], detail: Detail) -> tuple[ClassFigures, ...]:
    found = averages.by_class(detail.hits)
    return tuple(
        of_class(
            name,
            detail.hits.support[0, index],
            {metric: array[:, index] for metric, array in found.items()} | _class_areas(detail, index),
        )
        for index, name in enumerate(classes)
    )


def _class_areas(detail: Detail, index: int) -> dict[str, Array]:
    if detail.improbable or not detail.scores:
        return {}
    return areas.of_class(detail.scores[index])


def _reason(counts: Classes, name: str) -> str:
    """Return why a metric is undefined."""
    if not counts.rows[0]:
        return "no row has both a target and a prediction"
    if counts.detail and counts.detail.improbable and name in _OF_PROBABILITIES:
        return f"{counts.detail.improbable} rows have predictions beyond 0 and 1, which are not probabilities"
    if name in areas.NAMES and len(counts.classes) > MOST_CLASSES:
        return f"it is not computed for more than {MOST_CLASSES} classes"
    return "all targets are of one class"
