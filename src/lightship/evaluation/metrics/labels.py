"""Metrics of rows that have any number of classes each."""

from __future__ import annotations

from collections.abc import Mapping

from lightship.evaluation.counts.classes import MOST_CLASSES
from lightship.evaluation.counts.labels import Labels
from lightship.evaluation.metrics import areas, averages, curves
from lightship.evaluation.metrics.averages import ratio
from lightship.evaluation.metrics.figures import OutputFigures, figures_of, of_class
from lightship.tensors import Array


def values(counts: Labels) -> Mapping[str, Array]:
    """Return metrics by name [1 + replicates], NaN where they are undefined."""
    hits = counts.hits
    wrong = (hits.support + hits.predicted - 2 * hits.right).sum(axis=1)
    return {
        "subset_accuracy": ratio(counts.right, counts.rows),
        "hamming_loss": ratio(wrong, counts.rows * len(counts.classes)),
        "log_loss": ratio(counts.log_loss, counts.rows),
        **averages.averaged(hits, rows=counts.rows),
        **areas.means(counts.scores, len(counts.rows)),
        "brier": ratio(counts.brier, counts.rows),
    }


def figures(counts: Labels) -> OutputFigures:
    """Return all metrics and curves."""
    metrics, absent = figures_of(values(counts), lambda name: _reason(counts, name), errors=areas.errors(counts.scores))
    return OutputFigures(
        output=counts.output,
        task="labels",
        rows=int(counts.rows[0]),
        excluded=counts.excluded,
        classes=counts.classes,
        metrics=metrics,
        absent=absent,
        per_class=tuple(
            of_class(name, counts.hits.support[0, index], _of_class(counts, index))
            for index, name in enumerate(counts.classes)
        ),
        curves=curves.all_curves(counts.classes, counts.scores) if counts.scores else {},
    )


def _of_class(counts: Labels, index: int) -> dict[str, Array]:
    found = {name: array[:, index] for name, array in averages.by_class(counts.hits).items()}
    return found | (areas.of_class(counts.scores[index]) if counts.scores else {})


def _reason(counts: Labels, name: str) -> str:
    if not counts.rows[0]:
        return "no row has both a target and a prediction"
    if name in areas.NAMES and len(counts.classes) > MOST_CLASSES:
        return f"it is not computed for more than {MOST_CLASSES} classes"
    return "no class is a target of some rows and not of others"
