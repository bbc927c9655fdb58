"""How right a chunk's predictions are, where the file says the truth: see :mod:`lightship.jobs.score.metrics`."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from lightship.formats import parquet
from lightship.jobs.files.predictions import Scored, names
from lightship.tensors import Array, Signature, TensorSpec

# As scikit-learn's log_loss does with float32: a probability of nothing would make the whole sum infinite.
_LEAST = float(np.finfo(np.float32).eps)

# A number from here on is no measurement, and its square may be beyond all numbers.
_LARGEST = 1e100

# Integers up to here are exact as float64.
_EXACT = 2**53

# Classes beyond which no confusion is counted: a chunk's counts go into one item of the ledger.
_MOST_CLASSES = 50


def target_of(signature: Signature, requested: str | None, names: Collection[str]) -> str | None:
    """The column with the true answers: the one requested for, or one of these that is named like the first output."""
    if requested is not None:
        return requested
    return next((spec.name for spec in signature.outputs[:1] if spec.name in names), None)


def count(signature: Signature, truths: Sequence[Any], scored: Scored) -> dict[str, Any]:
    """Counts of the rows whose truth can be read: a class's name or number, or a number.

    ``truths`` are the scored rows' cells. Empty where the first output is neither classes nor one number.
    """
    spec = signature.outputs[0]
    width = len(names(type(signature)(signature.name, signature.inputs, (spec,)), ()))
    if spec.classes and width == 1 + len(spec.classes):
        return _classes(spec, truths, np.stack(scored.columns[1:width], axis=1) if truths else np.empty((0, width - 1)))
    if width == 1 and isinstance(scored.columns[0], np.ndarray) and scored.columns[0].dtype.kind in "fiu":
        return _numbers(spec, truths, scored.columns[0])
    return {}


def _classes(spec: TensorSpec, truths: Sequence[Any], table: Array) -> dict[str, Any]:
    index_of = _class_index(spec.classes)
    indices = np.array([index_of(truth) for truth in truths], dtype=np.int64)
    valid = (indices >= 0) & np.isfinite(table).all(axis=1)
    truth, chosen = indices[valid], table[valid].astype(np.float64)
    likeliest = chosen.argmax(axis=1)
    of_truth = np.clip(chosen[np.arange(len(truth)), truth], _LEAST, 1 - _LEAST)
    counts = {
        "kind": "classes",
        "output": spec.name,
        "rows": len(truth),
        "right": int((truth == likeliest).sum()),
        "log_loss": float(-np.log(of_truth).sum()),
    }
    if len(spec.classes) > _MOST_CLASSES:
        return counts
    confusion = np.zeros((len(spec.classes), len(spec.classes)), dtype=np.int64)
    np.add.at(confusion, (truth, likeliest), 1)
    return counts | {"classes": list(spec.classes), "confusion": confusion.tolist()}


def _numbers(spec: TensorSpec, truths: Sequence[Any], values: Array) -> dict[str, Any]:
    wanted = [_number(truth) for truth in truths]
    valid = _is_finite(wanted) & _is_finite(values)
    truth, error = _errors([wanted[index] for index in np.flatnonzero(valid)], values[valid])
    mean, spread = _moments(truth)
    return {
        "kind": "numbers",
        "output": spec.name,
        "rows": len(truth),
        "absolute": float(np.abs(error).sum()),
        "squared": float((error**2).sum()),
        "mean": mean,
        "spread": spread,
    }


def _is_finite(numbers: Any) -> Array:
    return np.abs(np.array(numbers, np.float64)) < _LARGEST  # NaN is not either


def _errors(truths: Sequence[int | float], values: Array) -> tuple[Array, Array]:
    """Return the truths as an array, and how far each prediction is from its own.

    Integers beyond 2**53 are subtracted as integers: as float64 neighbours would be equal. The truths then come as
    integers, an array of objects.
    """
    if values.dtype.kind == "f" or all(abs(number) <= _EXACT for number in (*truths, *values.tolist())):
        truth = np.array(truths, np.float64)
        return truth, values.astype(np.float64) - truth
    errors = [float(value - truth) for value, truth in zip(values.tolist(), truths, strict=True)]
    return np.array(truths, np.object_), np.array(errors, np.float64)


def _moments(truth: Array) -> tuple[float, float]:
    """Mean, and sum of the squared deviations from it; measured from the first truth, as large ones differ by little."""
    if not len(truth):
        return 0.0, 0.0
    deviations = (truth - truth[0]).astype(np.float64)
    mean = float(deviations.mean())
    return float(truth[0]) + mean, float(((deviations - mean) ** 2).sum())


def _class_index(classes: Sequence[str]) -> Callable[[Any], int]:
    """Where the class stands that a cell names; -1 where it names none.

    A number is the class named by it, also as 1.0 for "1"; only where no class is named by a number is it a position.
    """
    names = {name: index for index, name in reversed(list(enumerate(classes)))}
    numbers = {_number(name): index for name, index in names.items() if math.isfinite(_number(name))}
    numbers = numbers or {float(index): index for index in range(len(classes))}

    def index_of(truth: Any) -> int:
        text = str(truth).strip()
        if isinstance(truth, bool) and text not in names:
            text = text.lower()
        return names.get(text, numbers.get(_number(truth), -1))

    return index_of


def _number(truth: Any) -> int | float:
    """Return a cell as a number, a whole one of up to 64 bits as an integer; NaN where it is none."""
    try:
        number = parquet.number(Decimal(truth) if isinstance(truth, str) else truth)
        return number if type(number) is int else float(number)
    except (ArithmeticError, TypeError, ValueError):
        return math.nan
