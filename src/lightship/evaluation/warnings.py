"""Warnings about data: what makes metrics undefined for all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lightship.evaluation.metrics import OutputFigures
from lightship.evaluation.tasks import Task


def of_targets(data: str, tasks: Sequence[Task], outputs: Sequence[OutputFigures]) -> tuple[str, ...]:
    """Return a sentence for each output whose targets are all of one class.

    It names the data and the column.
    """
    return tuple(_of_targets(data, tasks, outputs))


def _of_targets(data: str, tasks: Sequence[Task], outputs: Sequence[OutputFigures]) -> Iterator[str]:
    for task, output in zip(tasks, outputs, strict=True):
        present = [each.name for each in output.per_class if each.support]
        if output.task == "classes" and len(present) == 1:
            yield (
                f"{data}, column '{task.columns[0][:80]}': every target is '{present[0][:80]}': metrics that need two "
                "classes are undefined"
            )
