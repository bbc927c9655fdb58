"""How right a chunk's predictions are, where the file says the truth: see :mod:`lightship.jobs.metrics`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lightship.jobs.predictions import Scored, names
from lightship.tensors import Array, Signature, TensorSpec

# As scikit-learn's log_loss does with float32: a probability of nothing would make the whole sum infinite.
_LEAST = float(np.finfo(np.float32).eps)


# Classes beyond which no confusion is counted: a chunk's counts go into one item of the ledger.
_MOST_CONFUSED = 50


def target_of(signature: Signature, asked: str | None, columns: Sequence[str]) -> str | None:
    """The column with the true answers: the one asked for, or one named like the first output."""
    if asked is not None:
        return asked
    return next((spec.name for spec in signature.outputs[:1] if spec.name in columns), None)


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
    places = np.array([_class(truth, spec.classes) for truth in truths], dtype=np.int64)
    known = places >= 0
    truth, chosen = places[known], table[known].astype(np.float64)
    likeliest = chosen.argmax(axis=1)
    of_truth = np.clip(chosen[np.arange(len(truth)), truth], _LEAST, 1 - _LEAST)
    counts = {
        "kind": "classes",
        "output": spec.name,
        "rows": len(truth),
        "right": int((truth == likeliest).sum()),
        "log_loss": float(-np.log(of_truth).sum()),
    }
    if len(spec.classes) > _MOST_CONFUSED:
        return counts
    confusion = np.zeros((len(spec.classes), len(spec.classes)), dtype=np.int64)
    np.add.at(confusion, (truth, likeliest), 1)
    return counts | {"classes": list(spec.classes), "confusion": confusion.tolist()}


def _numbers(spec: TensorSpec, truths: Sequence[Any], values: Array) -> dict[str, Any]:
    wanted = np.array([_number(truth) for truth in truths], dtype=np.float64)
    known = np.isfinite(wanted) & np.isfinite(values)
    truth = wanted[known]
    error = values[known].astype(np.float64) - truth
    return {
        "kind": "numbers",
        "output": spec.name,
        "rows": len(truth),
        "absolute": float(np.abs(error).sum()),
        "squared": float((error**2).sum()),
        "truth": float(truth.sum()),
        "truth_squared": float((truth**2).sum()),
    }


def _class(truth: Any, classes: Sequence[str]) -> int:
    """A class's place; -1 where the cell names none."""
    if str(truth).strip() in classes:
        return classes.index(str(truth).strip())
    number = _number(truth)
    return int(number) if number in range(len(classes)) else -1


def _number(truth: Any) -> float:
    try:
        return float(truth)
    except (TypeError, ValueError):
        return float("nan")
