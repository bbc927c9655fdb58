"""Rows with targets, over which a budget's metric is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lightship.calls import Call
from lightship.compiler.compression.measuring.metrics import task_with
from lightship.compiler.verification import datafiles
from lightship.compiler.verification.recordings import Recording
from lightship.errors import InvalidInput
from lightship.evaluation import scoring
from lightship.evaluation.data import Data, open_data
from lightship.evaluation.evaluate import check_rows
from lightship.evaluation.tasks import Task, tasks_of
from lightship.model import Model
from lightship.tensors import Array, Signature

# Rows of a call.
_BLOCK = 256


def task_of(metric: str, data: Data, signature: Signature, *, target: str | None, golden: Array | None) -> Task:
    """Return the output that a metric is computed of.

    Targets are found as by an evaluation; ``golden`` are recorded values of the first output. Raises InvalidInput where
    there are none, and CompileError where the metric fits no output that has targets.
    """
    return task_with(metric, _tasks(data, signature, target=target, golden=golden))


def check_targets(recording: Recording, data: Path, *, target: str | None, metric: str | None) -> None:
    """Check that the data has the targets, and that a budget's metric fits them.

    ``recording`` is of the first signature. Raises InvalidInput or CompileError.
    """
    signature = recording.signature
    _, outputs = recording.batches[-1]
    golden = outputs.get(signature.outputs[0].name)
    with datafiles.of_data(data):
        tasks = _tasks(open_data(data, signature), signature, target=target, golden=golden)
    if metric:
        task_with(metric, tasks)


def _tasks(data: Data, signature: Signature, *, target: str | None, golden: Array | None) -> Sequence[Task]:
    check_rows(signature)
    return tasks_of(signature, requested=target, columns=data.columns, default=data.target, golden=golden)


@dataclass(frozen=True)
class TargetRows:
    """Inputs of rows, in batches of equal shape, and their targets."""

    task: Task
    batches: tuple[Mapping[str, Array], ...]
    targets: Array

    @classmethod
    def read(cls, data: Data, task: Task, *, most: int, skip_bad: bool) -> TargetRows:
        """Return the first rows; raises InvalidInput for one that cannot be evaluated.

        ``skip_bad`` leaves out such rows.
        """
        batches: list[Mapping[str, Array]] = []
        targets: list[Array] = []
        left = most
        for block in data.blocks(task.columns):
            prepared = block.prepare()
            found = scoring.targets_of(task, block, prepared)
            for batch in datafiles.good_batches(block, prepared, most=left, skip_bad=skip_bad):
                batches.append(batch.inputs)
                targets.append(found[batch.positions])
                left -= len(batch.positions)
            if left <= 0:
                break
        if not batches:
            raise InvalidInput("no row can be evaluated")
        return cls(task, tuple(batches), np.concatenate(targets))

    def predictions(self, model: Model) -> Array:
        """Return a model's predictions for the rows, in the form that counts take."""
        found = [self._predict(model, batch) for batch in self.batches]
        return self.task.predictions(np.concatenate(found))

    def _predict(self, model: Model, inputs: Mapping[str, Array]) -> Array:
        rows = len(next(iter(inputs.values())))
        calls = (
            Call({name: array[start : start + _BLOCK] for name, array in inputs.items()})
            for start in range(0, rows, _BLOCK)
        )
        return np.concatenate([model.predict(call).outputs[self.task.spec.name] for call in calls])
