"""Metrics of a variant against targets, with replicates for intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.errors import CompileError
from lightship.probabilities import probabilities
from lightship.tensors import Array, TensorSpec

REPLICATES = 200
_SEED = 16
_LEAST = float(np.finfo(np.float32).eps)  # as in scikit-learn's log_loss for float32


@dataclass(frozen=True)
class Metric:
    """A mean over rows.

    Attributes:
        rows: function of targets and predictions to one figure for each row.
        of_classes: whether it takes class indices and probabilities [rows, classes], otherwise numbers.
        higher_is_better: the direction of an improvement.
        figure: function of the mean.
    """

    rows: Callable[[Array, Array], Array]
    of_classes: bool
    higher_is_better: bool = False
    figure: Callable[[Array], Array] = lambda mean: mean


def _right(targets: Array, table: Array) -> Array:
    return np.asarray(table.argmax(axis=1) == targets)


def _log_loss(targets: Array, table: Array) -> Array:
    return np.asarray(-np.log(np.clip(table[np.arange(len(table)), targets], _LEAST, 1 - _LEAST)))


def _brier(targets: Array, table: Array) -> Array:
    return np.asarray(((table - np.eye(table.shape[1])[targets]) ** 2).sum(axis=1))


def _squared(targets: Array, values: Array) -> Array:
    return np.asarray((values - targets) ** 2)


def _absolute(targets: Array, values: Array) -> Array:
    return np.asarray(np.abs(values - targets))


METRICS: Mapping[str, Metric] = {
    "accuracy": Metric(_right, of_classes=True, higher_is_better=True),
    "log_loss": Metric(_log_loss, of_classes=True),
    "brier": Metric(_brier, of_classes=True),
    "mse": Metric(_squared, of_classes=False),
    "mae": Metric(_absolute, of_classes=False),
    "rmse": Metric(_squared, of_classes=False, figure=np.sqrt),
}


def drop(name: str, change: float) -> float:
    """Return by how much a change makes a metric worse; negative for an improvement."""
    return -change if METRICS[name].higher_is_better else change


def replicates(name: str, spec: TensorSpec, targets: Sequence[Any], output: Array) -> list[float]:
    """Return a metric's value, then 200 bootstrap replicates of it.

    ``targets`` are cells: names or indices of classes, or numbers. Replicates of two variants over the same rows are
    paired: each has the same Poisson weights. Raises CompileError where the metric does not fit the output or a target
    is not a class or a number.
    """
    metric = METRICS[name]
    rows = _of_classes(name, metric, spec, targets, output) if metric.of_classes else _of_numbers(name, targets, output)
    weights = np.random.default_rng(_SEED).poisson(1, (REPLICATES, len(rows)))
    means = weights @ rows.astype(np.float64) / np.maximum(weights.sum(axis=1), 1)
    values = metric.figure(np.concatenate([[rows.mean()], means]))
    if not np.isfinite(values).all():
        raise CompileError(f"{name} is not a finite number")
    return [float(value) for value in values]


def _of_classes(name: str, metric: Metric, spec: TensorSpec, targets: Sequence[Any], output: Array) -> Array:
    columns = math.prod(output.shape[1:])
    if output.dtype.kind != "f" or (columns < 2 and not spec.classes):
        raise CompileError(
            f"{name} needs an output of probabilities for the classes, and '{spec.name}' is {spec.dtype} "
            f"{list(output.shape[1:])}: name its classes in model.yaml if it has them"
        )
    table = probabilities(output, spec).astype(np.float64)
    return metric.rows(_indices(spec, targets, table.shape[1]), table)


def _of_numbers(name: str, targets: Sequence[Any], output: Array) -> Array:
    if output.dtype.kind not in "fiu" or math.prod(output.shape[1:]) != 1:
        raise CompileError(f"{name} needs an output of one number for each row")
    numbers = [_number(cell) for cell in targets]
    for row, number in enumerate(numbers):
        if not math.isfinite(number):
            raise CompileError(f"row {row}: the target {str(targets[row])[:40]!r} is not a number")
    return METRICS[name].rows(np.array(numbers), output.reshape(len(output)).astype(np.float64))


def _indices(spec: TensorSpec, targets: Sequence[Any], count: int) -> Array:
    """Return the class index of each target.

    A target is a name; where the classes have no names, it is the index.
    """
    names = spec.classes or tuple(map(str, range(count)))
    index_of = {name: index for index, name in enumerate(names)}
    found = [index_of.get(_text(cell), -1) for cell in targets]
    if -1 in found:
        row = found.index(-1)
        raise CompileError(
            f"row {row}: the target {_text(targets[row])[:40]!r} is not a class of '{spec.name}': "
            f"the classes are {', '.join(names[:20])}"
        )
    return np.array(found, dtype=np.int64)


def _text(cell: Any) -> str:
    if isinstance(cell, bytes):
        return cell.decode(errors="replace")
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return math.nan
