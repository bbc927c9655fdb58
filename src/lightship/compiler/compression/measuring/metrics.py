"""The metric that a budget limits, from targets and a variant's outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.errors import CompileError
from lightship.evaluation import metrics, targets
from lightship.evaluation.counts import Classes, Counts, Labels, Numbers, replicates
from lightship.evaluation.tasks.labels import LabelTask
from lightship.probabilities import probabilities
from lightship.tensors import Array, TensorSpec

_AVERAGES = ("macro", "micro", "weighted")

# Metrics of classes and of numbers: whether a higher value is better.
_OF_CLASSES: Mapping[str, bool] = {
    "accuracy": True,
    "balanced_accuracy": True,
    **{f"{name}_{average}": True for name in ("precision", "recall", "f1") for average in _AVERAGES},
    "roc_auc": True,
    "pr_auc": True,
    "log_loss": False,
    "brier": False,
    "ece": False,
}
_OF_NUMBERS: Mapping[str, bool] = {"mse": False, "mae": False, "rmse": False, "r2": True}
METRICS: Mapping[str, bool] = {**_OF_CLASSES, **_OF_NUMBERS}

_SEED = 0


@dataclass(frozen=True)
class _Cells:
    """Target cells of the first rows of a file."""

    cells: Sequence[Any]
    file: str

    def check(self, valid: Array, expected: str) -> None:
        """Raise CompileError at the first target that is not valid."""
        if not valid.all():
            row = int(valid.argmin())
            raise CompileError(
                f"{self.file}, row {row + 1}: the target {str(self.cells[row])[:40]!r} is not {expected}"
            )


def drop(name: str, change: float) -> float:
    """Return by how much a change makes a metric worse; negative for an improvement."""
    return -change if METRICS[name] else change


def values(
    name: str, spec: TensorSpec, cells: Sequence[Any], output: Array, *, file: str = "data"
) -> tuple[float | None, ...]:
    """Return a metric's value, then bootstrap replicates of it.

    None is an undefined replicate. ``cells`` are targets of the first rows of ``file``: names or indices of classes,
    lists of classes, or numbers. Replicates of two variants over the same rows are paired. Raises CompileError where
    the metric does not fit the output or is undefined, and for a cell that is no target.
    """
    counts = _measure(name, spec)(name, spec, _Cells(cells, file), output)
    if name not in (computed := metrics.values(counts)):
        raise CompileError(f"the metric {name} does not fit '{spec.name}': its metrics are {', '.join(computed)}")
    found = computed[name]
    if not math.isfinite(found[0]):
        reason = metrics.figures(counts).absent.get(name, "it is not a finite number")
        raise CompileError(f"the metric {name} is undefined for this data: {reason}")
    return tuple(value if math.isfinite(value) else None for value in found.tolist())


def _measure(name: str, spec: TensorSpec) -> Callable[[str, TensorSpec, _Cells, Array], Counts]:
    if name in _OF_NUMBERS:
        return _numbers
    return _labels if spec.multi_label else _classes


def _labels(name: str, spec: TensorSpec, cells: _Cells, output: Array) -> Counts:
    """Return the counts that an evaluation has of a column of lists of classes."""
    task = LabelTask(spec, ())
    found = task.targets([cells.cells])
    cells.check(task.valid(found), task.expected())
    counts = task.empty(replicates.REPLICATES)
    _add(counts, found, task.predictions(output))
    return counts


def _classes(name: str, spec: TensorSpec, cells: _Cells, output: Array) -> Counts:
    columns = math.prod(output.shape[1:])
    if output.dtype.kind != "f" or (columns < 2 and not spec.classes):
        raise CompileError(
            f"the metric {name} needs an output of probabilities, and '{spec.name}' is {spec}: "
            "if it has classes, name them in model.yaml"
        )
    table = probabilities(output, spec)
    classes = spec.classes or tuple(map(str, range(table.shape[1])))
    indices = targets.of_classes(cells.cells, classes)
    cells.check(indices >= 0, f"one of the classes {', '.join(classes[:20])}")
    counts = Classes.empty(classes, output=spec.name, scores=True)
    _add(counts, indices, table)
    return counts


def _numbers(name: str, spec: TensorSpec, cells: _Cells, output: Array) -> Counts:
    if spec.classes or output.dtype.kind not in "fiu" or math.prod(output.shape[1:]) != 1:
        raise CompileError(f"the metric {name} needs an output of one number for each row, and '{spec.name}' is {spec}")
    numbers = targets.of_numbers(cells.cells)
    cells.check(np.isfinite(numbers.astype(np.float64)), "a number")
    counts = Numbers.empty(output=spec.name, residuals=False)
    _add(counts, numbers, output.reshape(len(output)))
    return counts


def _add(counts: Classes | Labels | Numbers, expected: Array, predicted: Array) -> None:
    """Count rows, block by block."""
    size = len(counts.rows) - 1
    for block, start in enumerate(range(0, len(expected), replicates.ROWS)):
        rows = slice(start, start + replicates.ROWS)
        weights = replicates.weights(_SEED, block, len(expected[rows]), size)
        counts.add(expected[rows], predicted[rows], weights)
