"""Metrics of a job whose file has a target column.

Chunks produce counts, which are stored in the ledger as plain numbers, and the receipt merges them:

    classes     {"kind": "classes", "output", "rows", "right", "log_loss": sum of -ln p} and, unless there are too many
                classes, {"classes", "confusion": [[…]] (target by prediction)}
    numbers     {"kind": "numbers", "output", "rows", "absolute": sum |e|, "squared": sum e², "mean": of the targets,
                "spread": sum of their squared deviations from it}
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lightship.evaluation import counts, targets
from lightship.evaluation.counts import Classes, Numbers, replicates
from lightship.jobs.files.predictions import Scored, names
from lightship.tensors import Signature


def count(signature: Signature, cells: Sequence[Any], scored: Scored) -> dict[str, Any]:
    """Return counts of the rows whose target is a class (name or number) or a number.

    ``cells`` are the target cells of the scored rows. Empty where the first output is neither one class nor one number.
    """
    spec = signature.outputs[0]
    width = len(names(type(signature)(signature.name, signature.inputs, (spec,)), ()))
    weights = replicates.weights(0, 0, len(cells), 0)
    if spec.multi_label:
        return {}
    if spec.classes and width == 1 + len(spec.classes):
        classes = Classes.empty(spec.classes, output=spec.name, replicates=0, scores=False)
        table = np.stack(scored.columns[1:width], axis=1) if cells else np.empty((0, width - 1))
        classes.add(targets.of_classes(cells, spec.classes), table, weights)
        return classes.to_json()
    if width == 1 and isinstance(scored.columns[0], np.ndarray) and scored.columns[0].dtype.kind in "fiu":
        numbers = Numbers.empty(output=spec.name, replicates=0, residuals=False)
        numbers.add(targets.of_numbers(cells), scored.columns[0], weights)
        return numbers.to_json()
    return {}


def merge(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sum of several chunks' counts; empty where none has counts."""
    counted = [counts.from_json(part) for part in parts if part]
    return counts.merge(*counted).to_json() if counted else {}


def figures(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics of counts; empty without rows.

    They are accuracy, log_loss and confusion, or mae, rmse and, unless all targets are equal, r2.
    """
    if not record or not record["rows"]:
        return {}
    found = {"output": record["output"], "rows": record["rows"]}
    return found | (_of_classes(record) if record["kind"] == "classes" else _of_numbers(record))


def _of_classes(record: Mapping[str, Any]) -> dict[str, Any]:
    found = {"accuracy": record["right"] / record["rows"], "log_loss": record["log_loss"] / record["rows"]}
    return found | {name: record[name] for name in ("classes", "confusion") if name in record}


def _of_numbers(record: Mapping[str, Any]) -> dict[str, Any]:
    rows, squared, spread = record["rows"], record["squared"], record["spread"]
    found = {"mae": record["absolute"] / rows, "rmse": math.sqrt(squared / rows)}
    return found | ({"r2": 1 - squared / spread} if spread > 0 else {})
