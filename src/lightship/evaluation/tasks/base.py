"""Interface of what is evaluated of an output: its targets, counts and losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from lightship.evaluation.counts import Counts
from lightship.tensors import Array, TensorSpec


class Task(Protocol):
    """Evaluation of one output."""

    @property
    def spec(self) -> TensorSpec:
        """Return the output."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the target columns."""

    @property
    def main(self) -> str:
        """Return the name of the main metric."""

    @property
    def higher(self) -> bool:
        """Return whether a higher main metric is better."""

    def empty(self, replicates: int, *, areas: bool = True) -> Counts:
        """Return counts of no rows.

        ``areas=False`` leaves out what ROC and precision-recall curves need, which is most of the memory.
        """

    def targets(self, cells: Sequence[Sequence[Any]]) -> Array:
        """Return the targets of rows from the cells of each target column.

        A row without a valid target has -1 (classes) or NaN (numbers).
        """

    def valid(self, targets: Array) -> Array:
        """Return which rows have a valid target [rows], bool."""

    def expected(self) -> str:
        """Return what a target cell must be, for a message."""

    def predictions(self, output: Array) -> Array:
        """Return the model's output in the form that the counts take."""

    def losses(self, targets: Array, predictions: Array) -> Array:
        """Return how wrong each prediction is [rows], float64."""

    def wrong(self, targets: Array, predictions: Array) -> Array:
        """Return which predictions are mistakes [rows], bool."""

    def changes(self, before: Array, after: Array) -> Array:
        """Return how much two models' predictions differ [rows]; 0 for no change."""

    def describe(self, target: Any, prediction: Array) -> tuple[Any, Any]:
        """Return a row's target and prediction as JSON values."""


def is_missing(cell: Any) -> bool:
    """Return whether a target cell is empty."""
    return cell is None or (isinstance(cell, str) and not cell.strip()) or (isinstance(cell, float) and np.isnan(cell))
