"""Outputs with any number of classes for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.evaluation import targets
from lightship.evaluation.counts import Labels
from lightship.evaluation.counts.classes import LEAST
from lightship.evaluation.counts.labels import THRESHOLD
from lightship.evaluation.tasks.classes import shown
from lightship.inputs.cells import BOOLEANS
from lightship.probabilities import probabilities
from lightship.tensors import Array, TensorSpec


@dataclass(frozen=True)
class LabelTask:
    """See :class:`lightship.evaluation.tasks.base.Task`.

    The targets are a column for each class, with 1 or 0, or one column of class names.
    """

    spec: TensorSpec
    columns: tuple[str, ...]
    main: str = "f1_macro"
    higher: bool = True

    @property
    def _by_class(self) -> bool:
        """Return whether each class has its column."""
        return self.columns == self.spec.classes

    def empty(self, replicates: int, *, areas: bool = True) -> Labels:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        found = Labels.empty(self.spec.classes, output=self.spec.name, replicates=replicates)
        if not areas:
            found.scores = ()
        return found

    def targets(self, cells: Sequence[Sequence[Any]]) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        if self._by_class:
            return np.stack([[_flag(cell) for cell in column] for column in cells], axis=1)
        if all(_is_row_of_flags(cell, len(self.spec.classes)) for cell in cells[0]):
            return np.array(cells[0], np.int64)
        return targets.of_labels(cells[0], self.spec.classes)

    def valid(self, found: Array) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        return np.asarray((found >= 0).all(axis=1))

    def expected(self) -> str:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        if self._by_class:
            return "1 or 0 in the column of each class"
        return f"a list of the classes {shown(self.spec.classes)}, or their names separated by ';'"

    def predictions(self, output: Array) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        return probabilities(output, self.spec)

    def losses(self, found: Array, predictions: Array) -> Array:
        """Return the mean cross-entropy of each row's classes."""
        numbers = predictions.astype(np.float64)
        losses: Array = -np.log(np.clip(np.where(found > 0, numbers, 1 - numbers), LEAST, 1)).mean(axis=1)
        return losses

    def wrong(self, found: Array, predictions: Array) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        wrong: Array = ((predictions >= THRESHOLD) != (found > 0)).any(axis=1)
        return wrong

    def changes(self, before: Array, after: Array) -> Array:
        """Return the number of classes that are predicted by one of both only."""
        return np.asarray(((before >= THRESHOLD) != (after >= THRESHOLD)).sum(axis=1))

    def describe(self, target: Any, prediction: Array) -> tuple[Any, Any]:
        """Return the names of the target's classes, and of the predicted ones."""
        names = np.array(self.spec.classes, np.object_)
        return names[np.asarray(target) > 0].tolist(), names[prediction >= THRESHOLD].tolist()


def _flag(cell: Any) -> int:
    text = str(cell).strip().lower()
    return int(BOOLEANS[text]) if text in BOOLEANS else -1


def _is_row_of_flags(cell: Any, size: int) -> bool:
    return isinstance(cell, list | tuple) and len(cell) == size and all(flag in (0, 1) for flag in cell)
