"""Evaluation metrics of a job whose file has a target column.

Chunks produce counts, and the receipt adds them up. Counts are plain numbers, so that they can be stored in the ledger
and added in any grouping:

    classes     {"kind": "classes", "output", "rows", "right", "log_loss": sum of -ln p} and, unless there are too many
                classes, {"classes", "confusion": [[…]] (target by prediction)}
    numbers     {"kind": "numbers", "output", "rows", "absolute": sum |e|, "squared": sum e², "mean": of the targets,
                "spread": sum of their squared deviations from it}

Means and spreads are merged as in Chan, Golub, LeVeque (1983), "Algorithms for Computing the Sample Variance": a sum of
squares would lose the differences between large targets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


def merge(counts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sum of several chunks' counts; empty where none has counts."""
    counted = [count for count in counts if count]
    if not counted:
        return {}
    merged = {name: _add([count[name] for count in counted]) for name in counted[0] if name not in _CONSTANT + _MOMENTS}
    constant = {name: counted[0][name] for name in _CONSTANT if name in counted[0]}
    return constant | merged | (_moments(counted) if "mean" in counted[0] else {})


def figures(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics of counts; empty without rows.

    They are accuracy, log_loss and confusion, or mae, rmse and, unless all targets are equal, r2.
    """
    if not counts or not counts["rows"]:
        return {}
    return _of_classes(counts) if counts["kind"] == "classes" else _of_numbers(counts)


_CONSTANT = ("kind", "output", "classes")
_MOMENTS = ("mean", "spread")


def _add(values: Sequence[Any]) -> Any:
    if isinstance(values[0], list):
        return [_add(column) for column in zip(*values, strict=True)]
    if all(isinstance(value, int) for value in values):
        return sum(values)
    return math.fsum(values)  # exact: the order of the chunks does not matter


def _moments(counts: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the mean and spread of all rows.

    Means are measured from the smallest one, so that equal targets have a spread of exactly 0.
    """
    filled = [count for count in counts if count["rows"]]
    if not filled:
        return dict.fromkeys(_MOMENTS, 0.0)
    rows, least = sum(count["rows"] for count in filled), min(count["mean"] for count in filled)
    mean = least + math.fsum(count["rows"] * (count["mean"] - least) for count in filled) / rows
    between = [count["rows"] * (count["mean"] - mean) ** 2 for count in filled]
    return {"mean": mean, "spread": math.fsum([*between, *(count["spread"] for count in filled)])}


def _of_classes(counts: Mapping[str, Any]) -> dict[str, Any]:
    rows = counts["rows"]
    found = {
        "output": counts["output"],
        "rows": rows,
        "accuracy": counts["right"] / rows,
        "log_loss": counts["log_loss"] / rows,
    }
    return found | {name: counts[name] for name in ("classes", "confusion") if name in counts}


def _of_numbers(counts: Mapping[str, Any]) -> dict[str, Any]:
    rows, squared, spread = counts["rows"], counts["squared"], counts["spread"]
    found = {
        "output": counts["output"],
        "rows": rows,
        "mae": counts["absolute"] / rows,
        "rmse": math.sqrt(squared / rows),
    }
    return found | ({"r2": 1 - squared / spread} if spread > 0 else {})
