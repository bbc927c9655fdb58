"""Importance of the features of a table: what is lost when a column is shuffled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    rows = max(_FEWEST, min(ROWS, _BUDGET // len(features) // REPEATS))
    sample = _Sample(model, task, *first_rows(model, data, task, rows=rows))
    if not len(sample.targets) or not np.isfinite(base := sample.metric(sample.inputs)):
        return {}
    found = [{"feature": name, "importance": sample.loss(base, spec, columns)} for name, spec, columns in features]
    return {"method": f"permutation, change of {task.main} on {len(sample.targets)} rows", "features": found}


@dataclass(frozen=True)
class _Sample:
    """Rows of a model's inputs with their targets."""

    model: Model
    task: Task
    inputs: Mapping[str, Array]
    targets: Array

    def metric(self, inputs: Mapping[str, Array]) -> float:
        """Return the main metric for other inputs; NaN where it is undefined."""
        counts: Any = self.task.empty(0, areas=False)
        outputs = self.model.predict(Call(inputs)).outputs[self.task.spec.name]
        counts.add(self.targets, self.task.predictions(outputs), np.ones((1, len(self.targets))))
        return float(metrics.values(counts)[self.task.main][0])

    def loss(self, base: float, spec: TensorSpec, columns: slice) -> float:
        """Return how much worse the metric is than ``base`` with shuffled columns."""
        generator = np.random.default_rng(_SEED)
        losses = []
        for _ in range(REPEATS):
            shuffled = self.inputs[spec.name].copy()
            order = generator.permutation(len(shuffled))
            part = (slice(None), columns) if shuffled.ndim > 1 else slice(None)
            shuffled[part] = shuffled[part][order]
            change = self.metric({**self.inputs, spec.name: shuffled}) - base
            losses.append(-change if self.task.higher else change)
        return float(np.nan_to_num(np.mean(losses)))


def _features(signature: Signature) -> Iterator[tuple[str, TensorSpec, slice]]:
    """Yield each column of the user with the columns of its input's tensor."""
    if not tables.readable(signature):
        return
    for spec in signature.inputs:
        for feature in kind_of(spec).column_features(spec) or ():
            yield feature.name, spec, slice(feature.start, feature.stop)


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
    specs = model.manifest.signature().inputs if parts else ()
    inputs = {spec.name: kind_of(spec).joined([part[spec.name] for part in parts], spec)[:rows] for spec in specs}
    return inputs, np.concatenate(targets)[:rows]
