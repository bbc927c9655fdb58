"""Outputs with a number, or several, for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.evaluation import targets
from lightship.evaluation.counts import Numbers
from lightship.evaluation.counts.numbers import LARGEST, are_finite
from lightship.tensors import Array, TensorSpec

# Relative difference of predictions that is no change.
_ROUNDING = 1e-5


@dataclass(frozen=True)
class NumberTask:
    """See :class:`lightship.evaluation.tasks.base.Task`.

    ``width`` is the number of numbers of a row; the targets are one column of numbers or lists, or ``width`` columns.
    """

    spec: TensorSpec
    columns: tuple[str, ...]
    width: int = 1
    main: str = "rmse"
    higher: bool = False

    def empty(self, replicates: int, *, areas: bool = True) -> Numbers:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        return Numbers.empty(self.width, output=self.spec.name, replicates=replicates, residuals=areas)

    def targets(self, cells: Sequence[Sequence[Any]]) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        if len(cells) > 1:
            return np.stack([targets.of_numbers(column) for column in cells], axis=1)
        if self.width == 1:
            return targets.of_numbers([_only(cell) for cell in cells[0]])
        return np.array([self._row(cell) for cell in cells[0]], np.float64).reshape(-1, self.width)

    def valid(self, found: Array) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        return are_finite(found)

    def expected(self) -> str:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        if self.width > 1 and len(self.columns) == 1:
            return f"a list of {self.width} numbers below {LARGEST:g}"
        hint = f"if '{self.spec.name}' has classes, name them in model.yaml and compile the model again"
        return f"a number below {LARGEST:g} ({hint})"

    def predictions(self, output: Array) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        return output.reshape(len(output), -1)[:, 0] if self.width == 1 else output.reshape(len(output), -1)

    def losses(self, found: Array, predictions: Array) -> Array:
        """Return the mean absolute error of each row."""
        errors = np.abs(predictions.astype(np.float64) - found.astype(np.float64)).reshape(len(found), -1)
        losses: Array = errors.mean(axis=1)
        return losses

    def wrong(self, found: Array, predictions: Array) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`: any error is one."""
        wrong: Array = self.losses(found, predictions) > 0
        return wrong

    def changes(self, before: Array, after: Array) -> Array:
        """Return the largest difference of each row's numbers, 0 for rounding."""
        found = np.abs(after.astype(np.float64) - before).reshape(len(before), -1)
        size = np.abs(before.astype(np.float64)).reshape(len(before), -1)
        return np.asarray(np.where(found > _ROUNDING * (1 + size), found, 0.0).max(axis=1))

    def describe(self, target: Any, prediction: Array) -> tuple[Any, Any]:
        """Return the numbers."""
        return np.asarray(target).tolist(), np.asarray(prediction).tolist()

    def _row(self, cell: Any) -> list[float]:
        if not isinstance(cell, list | tuple) or len(cell) != self.width:
            return [np.nan] * self.width
        return [float(targets.number(value)) for value in cell]


def _only(cell: Any) -> Any:
    return cell[0] if isinstance(cell, list | tuple) and len(cell) == 1 else cell
