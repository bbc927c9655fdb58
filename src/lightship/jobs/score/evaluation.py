"""Evaluation of a chunk's predictions against the target column of its file.

The counts are those of :mod:`lightship.jobs.score.metrics`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from lightship import numerals
from lightship.formats import parquet
from lightship.jobs.files.predictions import Scored, names
from lightship.tensors import Array, Signature, TensorSpec

# Probabilities are clipped as in scikit-learn's log_loss for float32: one of 0 would make the whole sum infinite.
_LEAST = float(np.finfo(np.float32).eps)

# Numbers from here on are not counted: their squares may overflow float64.
_LARGEST = 1e100

# Integers up to here are exact as float64.
_EXACT = 2**53

# The most classes with a confusion matrix: a chunk's counts are stored in one item of the ledger.
_MOST_CLASSES = 50


def target_of(signature: Signature, requested: str | None, names: Collection[str]) -> str | None:
    """Return the target column: the requested one, or one named like the first output.

    None where no column is requested or named like that. A requested column is returned even if it is missing.
    """
    if requested is not None:
        return requested
    return next((spec.name for spec in signature.outputs[:1] if spec.name in names), None)


def count(signature: Signature, targets: Sequence[Any], scored: Scored) -> dict[str, Any]:
    """Return counts of the rows whose target is a class (name or number) or a number.

    ``targets`` are the target cells of the scored rows. Empty where the first output is neither classes nor one number.
    """
    spec = signature.outputs[0]
    width = len(names(type(signature)(signature.name, signature.inputs, (spec,)), ()))
    if spec.classes and width == 1 + len(spec.classes):
        table = np.stack(scored.columns[1:width], axis=1) if targets else np.empty((0, width - 1))
        return _classes(spec, targets, table)
    if width == 1 and isinstance(scored.columns[0], np.ndarray) and scored.columns[0].dtype.kind in "fiu":
        return _numbers(spec, targets, scored.columns[0])
    return {}


def _classes(spec: TensorSpec, targets: Sequence[Any], table: Array) -> dict[str, Any]:
    index_of = _class_index(spec.classes)
    indices = np.array([index_of(target) for target in targets], dtype=np.int64)
    valid = (indices >= 0) & np.isfinite(table).all(axis=1)
    target, chosen = indices[valid], table[valid].astype(np.float64)
    likeliest = chosen.argmax(axis=1)
    of_target = np.clip(chosen[np.arange(len(target)), target], _LEAST, 1 - _LEAST)
    counts = {
        "kind": "classes",
        "output": spec.name,
        "rows": len(target),
        "right": int((target == likeliest).sum()),
        "log_loss": float(-np.log(of_target).sum()),
    }
    if len(spec.classes) > _MOST_CLASSES:
        return counts
    confusion = np.zeros((len(spec.classes), len(spec.classes)), dtype=np.int64)
    np.add.at(confusion, (target, likeliest), 1)
    return counts | {"classes": list(spec.classes), "confusion": confusion.tolist()}


def _numbers(spec: TensorSpec, targets: Sequence[Any], values: Array) -> dict[str, Any]:
    numbers = [_number(target) for target in targets]
    valid = _is_finite(numbers) & _is_finite(values)
    target, error = _errors([numbers[index] for index in np.flatnonzero(valid)], values[valid])
    mean, spread = _moments(target)
    return {
        "kind": "numbers",
        "output": spec.name,
        "rows": len(target),
        "absolute": float(np.abs(error).sum()),
        "squared": float((error**2).sum()),
        "mean": mean,
        "spread": spread,
    }


def _is_finite(numbers: Any) -> Array:
    return np.abs(np.array(numbers, np.float64)) < _LARGEST  # False for NaN


def _errors(targets: Sequence[int | float], values: Array) -> tuple[Array, Array]:
    """Return the targets as an array, and each prediction minus its target.

    Integers beyond 2**53 are subtracted as integers: as float64, neighbours would be equal. The targets are then an
    object array of integers.
    """
    if values.dtype.kind == "f" or all(abs(number) <= _EXACT for number in (*targets, *values.tolist())):
        target = np.array(targets, np.float64)
        return target, values.astype(np.float64) - target
    errors = [float(value - target) for value, target in zip(values.tolist(), targets, strict=True)]
    return np.array(targets, np.object_), np.array(errors, np.float64)


def _moments(target: Array) -> tuple[float, float]:
    """Return the mean, and the sum of the squared deviations from it.

    Deviations are measured from the first target, because large targets may differ by little.
    """
    if not len(target):
        return 0.0, 0.0
    deviations = (target - target[0]).astype(np.float64)
    mean = float(deviations.mean())
    return float(target[0]) + mean, float(((deviations - mean) ** 2).sum())


def _class_index(classes: Sequence[str]) -> Callable[[Any], int]:
    """Return a function from a target cell to its class's index, -1 for no class.

    A number is the class of that name, also 1.0 for "1". Only where no class name is a number, a number is an index.
    """
    names = {name: index for index, name in reversed(list(enumerate(classes)))}
    numbers = {_number(name): index for name, index in names.items() if math.isfinite(_number(name))}
    numbers = numbers or {float(index): index for index in range(len(classes))}

    def index_of(target: Any) -> int:
        text = str(target).strip()
        if isinstance(target, bool) and text not in names:
            text = text.lower()
        return names.get(text, numbers.get(_number(target), -1))

    return index_of


def _number(target: Any) -> int | float:
    """Return a cell as a number; NaN where it is not a number.

    Whole numbers of up to 64 bits are integers.
    """
    if isinstance(target, str) and not numerals.is_number(target):
        return math.nan
    try:
        number = parquet.number(Decimal(target) if isinstance(target, str) else target)
        return number if type(number) is int else float(number)
    except (ArithmeticError, TypeError, ValueError):
        return math.nan
