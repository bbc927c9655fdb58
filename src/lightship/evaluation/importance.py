"""Importance of the features of a table: what is lost when a column is shuffled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lightship.calls import Call
from lightship.evaluation import metrics
from lightship.evaluation.data import Data
from lightship.evaluation.scoring import score
from lightship.evaluation.tasks import Task
from lightship.inputs import kind_of, tables
from lightship.model import Model
from lightship.tensors import Array, Signature, TensorSpec

# Rows that are used, the most features, and how often each is shuffled.
ROWS = 1000
MOST_FEATURES = 100
REPEATS = 3

# Rows that are predicted in total, and the fewest of one feature.
_BUDGET = 100_000
_FEWEST = 100

_SEED = 0


def importance(model: Model, data: Data, task: Task) -> dict[str, Any]:
    """Return the part ``importance`` of report.json; empty where there is none.

    It is the mean change of the main metric, positive where the model needs the feature. Models of images and text have
    none, nor those of very many columns or data on which the metric is undefined.
    """
    features = list(_features(model.manifest.signature()))
    if not 0 < len(features) <= MOST_FEATURES:
        return {}
    inputs, targets = first_rows(model, data, task, rows=max(_FEWEST, min(ROWS, _BUDGET // len(features) // REPEATS)))
    if not len(targets):
        return {}
    base = _metric(model, task, inputs, targets)
    if not np.isfinite(base):
        return {}
    found = [
        {"feature": name, "importance": _loss(model, task, inputs, targets, base, (spec, columns))}
        for name, spec, columns in features
    ]
    return {"method": f"permutation, change of {task.main} on {len(targets)} rows", "features": found}


def _features(signature: Signature) -> Iterator[tuple[str, TensorSpec, slice]]:
    """Yield each column of the user with the columns of its input's tensor."""
    if not tables.readable(signature):
        return
    for spec in signature.inputs:
        start = 0
        for name, width in zip(kind_of(spec).columns(spec) or (), kind_of(spec).widths(spec), strict=True):
            yield name, spec, slice(start, start + width)
            start += width


def first_rows(model: Model, data: Data, task: Task, *, rows: int = ROWS) -> tuple[Mapping[str, Array], Array]:
    """Return inputs and targets of the first rows that can be evaluated."""
    parts: list[Mapping[str, Array]] = []
    targets: list[Array] = []
    for block in data.blocks(task.columns):
        scored = score(model, [task], block)
        kept = {position: index for index, position in enumerate(scored.positions.tolist())}
        for batch in scored.prepared.batches:
            chosen = [index for index, position in enumerate(batch.positions.tolist()) if position in kept]
            parts.append({name: array[chosen] for name, array in batch.inputs.items()})
        targets.append(scored.targets[0])
        if sum(map(len, targets)) >= rows:
            break
    names = [spec.name for spec in model.manifest.signature().inputs]
    inputs = {name: np.concatenate([part[name] for part in parts])[:rows] for name in names} if parts else {}
    return inputs, np.concatenate(targets)[:rows]


def _loss(
    model: Model,
    task: Task,
    inputs: Mapping[str, Array],
    targets: Array,
    base: float,
    feature: tuple[TensorSpec, slice],
) -> float:
    spec, columns = feature
    generator = np.random.default_rng(_SEED)
    losses = []
    for _ in range(REPEATS):
        shuffled = inputs[spec.name].copy()
        order = generator.permutation(len(targets))
        if shuffled.ndim == 1:
            shuffled = shuffled[order]
        else:
            shuffled[:, columns] = shuffled[order, columns]
        change = _metric(model, task, {**inputs, spec.name: shuffled}, targets) - base
        losses.append(-change if task.higher else change)
    return float(np.nan_to_num(np.mean(losses)))


def _metric(model: Model, task: Task, inputs: Mapping[str, Array], targets: Array) -> float:
    counts: Any = task.empty(0, areas=False)
    outputs = model.predict(Call(inputs)).outputs[task.spec.name]
    counts.add(targets, task.predictions(outputs), np.ones((1, len(targets))))
    return float(metrics.values(counts)[task.main][0])
