"""Slices: metrics of the rows with one value, or one range of values, of a column."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lightship.evaluation import metrics, targets
from lightship.evaluation.counts import Counts
from lightship.evaluation.metrics import Figure
from lightship.evaluation.scoring import Scored
from lightship.evaluation.tasks import Task, is_missing
from lightship.tensors import Array

# The most values of a column. Others are one slice; those of a column of numbers are its quartiles.
MOST_VALUES = 20

# Rows from which values and quartiles are taken.
SAMPLED = 65_536

# Classes up to which slices have ROC and precision-recall areas, and replicates of each slice: memory is limited.
_MOST_CLASSES = 10
_REPLICATES = 50

OTHERS = "other values"
MISSING = "missing"


@dataclass(frozen=True)
class Groups:
    """Values of a column, or edges between ranges of its numbers.

    ``names`` are those of the groups.
    """

    column: str
    names: tuple[str, ...]
    edges: Array | None = None

    def of(self, cells: Sequence[Any]) -> Array:
        """Return the index of each cell's group, int64."""
        if self.edges is None:
            found = {name: index for index, name in enumerate(self.names)}
            others = found.get(OTHERS, len(self.names) - 1)
            return np.array([found.get(text(cell), others) for cell in cells], np.int64)
        numbers = np.array([targets.number(cell) for cell in cells], np.float64)
        ranges = np.searchsorted(self.edges, numbers)
        return np.where(np.isfinite(numbers), ranges, len(self.names) - 1)


@dataclass(frozen=True)
class SliceValue:
    """Metrics of one group of rows."""

    value: str
    rows: int
    metrics: Mapping[str, Figure]

    def to_json(self) -> dict[str, Any]:
        """Return the entry of ``values``."""
        figures = {name: figure.to_json() for name, figure in self.metrics.items()}
        return {"value": self.value, "rows": self.rows, "metrics": figures}


@dataclass(frozen=True)
class Slice:
    """Metrics by the values of a column."""

    column: str
    values: tuple[SliceValue, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the entry of ``slices``."""
        return {"column": self.column, "values": [value.to_json() for value in self.values]}


@dataclass
class Slicer:
    """Counts of a task by the groups of a column."""

    groups: Groups
    task: Task
    replicates: int
    parts: dict[int, Counts] = field(default_factory=dict)

    def add(self, scored: Scored, weights: Array, cells: Sequence[Any]) -> None:
        """Count rows; ``cells`` are those of the column for each of them."""
        indices = self.groups.of(cells)
        few = min(self.replicates, _REPLICATES)
        areas = len(self.task.spec.classes) <= _MOST_CLASSES
        for index in np.unique(indices).tolist():
            chosen = indices == index
            part: Any = self.parts.setdefault(index, self.task.empty(few, areas=areas))
            part.add(scored.targets[0][chosen], scored.predictions[0][chosen], weights[: 1 + few, chosen])

    def result(self) -> Slice:
        """Return the metrics of each group that has rows."""
        values = [self._value(index) for index in range(len(self.groups.names)) if index in self.parts]
        return Slice(self.groups.column, tuple(values))

    def _value(self, index: int) -> SliceValue:
        figures = metrics.figures(self.parts[index])
        return SliceValue(self.groups.names[index], figures.rows, figures.metrics)


def groups_of(column: str, cells: Iterable[Any]) -> Groups:
    """Return the groups of a column from a sample of its cells."""
    sample = list(cells)
    found = Counter(text(cell) for cell in sample)
    if len(found) <= MOST_VALUES:
        return Groups(column, (*sorted(found), OTHERS))
    numbers = np.array([targets.number(cell) for cell in sample if not is_missing(cell)], np.float64)
    if len(numbers) and np.isfinite(numbers).all():
        edges = np.unique(np.quantile(numbers, [0.25, 0.5, 0.75]))
        return Groups(column, (*_ranges(edges), MISSING), edges)
    frequent = sorted(found, key=lambda name: (-found[name], name))[: MOST_VALUES - 1]
    return Groups(column, (*sorted(frequent), OTHERS))


def text(cell: Any) -> str:
    """Return a cell's value as the name of a group."""
    if is_missing(cell):
        return MISSING
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()[:80]


def _ranges(edges: Array) -> list[str]:
    shown = [f"{edge:.6g}" for edge in edges]
    between = [f"over {low} up to {high}" for low, high in itertools.pairwise(shown)]
    return [f"up to {shown[0]}", *between, f"over {shown[-1]}"]
