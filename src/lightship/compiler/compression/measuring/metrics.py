"""The metric that a budget limits, from targets and a variant's outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lightship.errors import CompileError
from lightship.evaluation import metrics
from lightship.evaluation.counts import replicates
from lightship.evaluation.tasks import Task
from lightship.tensors import Array

_AVERAGES = ("macro", "micro", "weighted")

# Metrics of classes, numbers and rankings: whether a higher value is better.
METRICS: Mapping[str, bool] = {
    "accuracy": True,
    "balanced_accuracy": True,
    **{f"{name}_{average}": True for name in ("precision", "recall", "f1") for average in _AVERAGES},
    "roc_auc": True,
    "pr_auc": True,
    "log_loss": False,
    "brier": False,
    "ece": False,
    "mse": False,
    "mae": False,
    "rmse": False,
    "r2": True,
    **dict.fromkeys(("ndcg", "recall", "hit_rate", "mrr"), True),
}

_SEED = 0


def drop(name: str, change: float) -> float:
    """Return by how much a change makes a metric worse; negative for an improvement."""
    return -change if METRICS[name] else change


def task_with(name: str, tasks: Sequence[Task]) -> Task:
    """Return the first task that a metric fits; raises CompileError where none does."""
    found = [(task, metrics.values(task.empty(0))) for task in tasks]
    for task, computed in found:
        if name in computed:
            return task
    outputs = ", ".join(f"'{task.spec.name}'" for task in tasks)
    fitting = dict.fromkeys(each for _, computed in found for each in computed if each in METRICS)
    raise CompileError(
        f"the metric {name} does not fit {outputs}: its metrics are {', '.join(fitting)} (if it has classes, name them "
        "in model.yaml)"
    )


def values(name: str, task: Task, targets: Array, predictions: Array) -> tuple[float | None, ...]:
    """Return a metric's value, then bootstrap replicates of it.

    None is an undefined replicate. Replicates of two variants over the same rows are paired. Raises CompileError where
    the metric is undefined.
    """
    counts: Any = task.empty(replicates.REPLICATES)
    for block, start in enumerate(range(0, len(targets), replicates.ROWS)):
        rows = slice(start, start + replicates.ROWS)
        weights = replicates.weights(_SEED, block, len(targets[rows]), replicates.REPLICATES)
        counts.add(targets[rows], predictions[rows], weights)
    found = metrics.values(counts)[name]
    if not math.isfinite(found[0]):
        reason = metrics.figures(counts).absent.get(name, "it is not a finite number")
        raise CompileError(f"the metric {name} is undefined for this data: {reason}")
    return tuple(value if math.isfinite(value) else None for value in np.asarray(found).tolist())
