"""Comparison of two models on the same rows."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lightship.errors import InvalidInput
from lightship.evaluation import metrics, scoring
from lightship.evaluation.comparison import latency
from lightship.evaluation.comparison.comparison import Change, Comparison, Difference
from lightship.evaluation.comparison.mcnemar import McNemar, mcnemar
from lightship.evaluation.counts import Classes, Counts, replicates
from lightship.evaluation.data import Block, Data, digest, named, open_data
from lightship.evaluation.evaluate import (
    DEFAULT,
    Options,
    Progress,
    check_rows,
    ignore_progress,
    parts,
    target_columns,
    tasks_for,
)
from lightship.evaluation.evaluation import Evaluated
from lightship.evaluation.mistakes import inputs_at
from lightship.evaluation.scoring import Scored, Skips
from lightship.evaluation.tasks import Task
from lightship.inputs.datafiles.rows import Reject
from lightship.model import Model
from lightship.tensors import Array

MOST_CHANGES = 20

Pair = tuple[Scored, Scored]

_NOT_FINITE = {
    model: Reject(f"the {model} model's prediction is not a finite number", "") for model in ("first", "second")
}


def compare(
    before: Model, after: Model, path: Path, options: Options = DEFAULT, *, progress: Progress = ignore_progress
) -> Comparison:
    """Return the differences between two models' first outputs on the same rows.

    Rows that either model cannot take are errors, or are skipped with the option ``skip_bad``. Rows without a finite
    prediction of either are excluded from the metrics of both. Raises as
    :func:`lightship.evaluation.evaluate.evaluate` does, and InvalidInput for outputs that cannot be compared.
    """
    models = (before, after)
    opened = [_open(model, path, options) for model in models]
    with named(path):
        data = (opened[0][0], opened[1][0])
        tasks = (opened[0][1], opened[1][1])
        _check_comparable(*tasks)
        run = _Run(models, data[0].name, tasks, options)
        for block, other in _blocks(data, tasks):
            run.add(block, other)
            progress(block.done)
        return run.result(digest(data[0]))


def _open(model: Model, path: Path, options: Options) -> tuple[Data, Task]:
    signature = model.manifest.signature()
    check_rows(signature)
    data = open_data(path, signature, header=options.header)
    with named(path):
        return data, tasks_for(model, data, options)[0]


def _blocks(data: tuple[Data, Data], tasks: tuple[Task, Task]) -> Iterator[tuple[Block, Block]]:
    before, after = (each.blocks(target_columns([task])) for each, task in zip(data, tasks, strict=True))
    return zip(before, after, strict=True)


def _check_comparable(before: Task, after: Task) -> None:
    if type(before) is not type(after) or before.spec.classes != after.spec.classes:
        raise InvalidInput(
            f"the models cannot be compared: the first outputs, '{before.spec.name}' and '{after.spec.name}', have "
            "other classes or are not of one kind"
        )


@dataclass
class _Run:
    models: tuple[Model, Model]
    name: str
    tasks: tuple[Task, Task]
    options: Options
    counts: tuple[Counts, Counts] = field(init=False)
    skips: Skips = field(default_factory=Skips)
    excluded: Skips = field(default_factory=Skips)
    lost: int = 0
    rows: int = 0
    drawn: int = 0
    only: list[int] = field(default_factory=lambda: [0, 0])
    changed: int = 0
    changes: list[tuple[float, int, Change]] = field(default_factory=list)
    samples: list[Mapping[str, Array]] = field(default_factory=list)

    def __post_init__(self) -> None:
        before, after = (task.empty(self.options.replicates) for task in self.tasks)
        self.counts = (before, after)

    def add(self, block: Block, other: Block) -> None:
        """Count the rows of a block that both models take."""
        pair = self._common(
            scoring.score(self.models[0], self.tasks[:1], block), scoring.score(self.models[1], self.tasks[1:], other)
        )
        if not len(pair[0].positions):
            return
        if not self.samples:
            first = int(pair[0].positions[0])
            self.samples = [{k: array[np.newaxis] for k, array in inputs_at(each, first).items()} for each in pair]
        pair = self._finite(pair)
        self.rows += len(pair[0].positions)
        for start, rows, chosen in parts(pair[0]):
            weights = replicates.weights(self.options.seed, self.drawn, rows, self.options.replicates)
            self.drawn += 1
            weights = weights[:, pair[0].positions[chosen] - start]
            for counts, each in zip(self.counts, pair, strict=True):
                counts.add(each.targets[0][chosen], each.predictions[0][chosen], weights)
        if len(pair[0].positions):
            self._add_changes(pair)

    def _common(self, before: Scored, after: Scored) -> Pair:
        rejects = before.prepared.rejects | after.prepared.rejects
        before.prepared.rejects |= rejects
        if self.options.skip_bad:
            self.skips.add(before.block, rejects)
        else:
            scoring.check_rows(before.block, before.prepared, hint=" (--skip-bad leaves out such rows)")
        _, first, second = np.intersect1d(before.positions, after.positions, assume_unique=True, return_indices=True)
        return before.at(first), after.at(second)

    def _finite(self, pair: Pair) -> Pair:
        """Return the rows with finite predictions of both models, and count the others."""
        before, after = (scoring.are_finite(each.predictions[0]) for each in pair)
        self.lost += int((before & ~after).sum())
        rejects = dict.fromkeys(pair[0].positions[~before].tolist(), _NOT_FINITE["first"])
        rejects |= dict.fromkeys(pair[0].positions[before & ~after].tolist(), _NOT_FINITE["second"])
        self.excluded.add(pair[0].block, rejects)
        return pair[0].at(before & after), pair[1].at(before & after)

    def _add_changes(self, pair: Pair) -> None:
        before, after = pair
        changes = self.tasks[0].changes(before.predictions[0], after.predictions[0])
        self.changed += int((changes > 0).sum())
        wrong = [self.tasks[0].wrong(each.targets[0], each.predictions[0]) for each in pair]
        self.only[0] += int((~wrong[0] & wrong[1]).sum())
        self.only[1] += int((wrong[0] & ~wrong[1]).sum())
        for index in np.argsort(-changes, kind="stable")[:MOST_CHANGES].tolist():
            if changes[index] > 0:
                change = self._change(pair, index)
                heapq.heappush(self.changes, (float(changes[index]), -change.row, change))
                self.changes = heapq.nlargest(MOST_CHANGES, self.changes, key=lambda entry: entry[:2])

    def _change(self, pair: Pair, index: int) -> Change:
        before, after = pair
        position = int(before.positions[index])
        target, old = self.tasks[0].describe(before.targets[0][index], before.predictions[0][index])
        _, new = self.tasks[0].describe(after.targets[0][index], after.predictions[0][index])
        return Change(before.block.first + position, before.block.place(position), target, old, new)

    def result(self, sha256: str) -> Comparison:
        """Return the differences; raises InvalidInput where no row could be compared."""
        if not self.rows:
            first = (self.skips.listed or self.excluded.listed)[0]
            raise InvalidInput(f"no row can be compared; the first, {first['place']}: {first['reason']}")
        return Comparison(
            data=Evaluated(self.name, sha256, self.rows, **scoring.left_out(self.skips, self.excluded)),
            output=self.tasks[0].spec.name,
            metrics=differences(*self.counts),
            lost=self.lost,
            changed=self.changed,
            changes=tuple(entry[2] for entry in self.changes),
            mcnemar=self._mcnemar(),
            sizes=(self.models[0].bundle.size, self.models[1].bundle.size),
            latencies=latency.measure(self.models, self.samples),
        )

    def _mcnemar(self) -> McNemar | None:
        return mcnemar(*self.only) if isinstance(self.counts[0], Classes) else None


def differences(before: Counts, after: Counts) -> dict[str, Difference]:
    """Return the differences of the metrics that are defined for both.

    The counts are of the same rows with the same weights.
    """
    old, new = metrics.values(before), metrics.values(after)
    found = {}
    for name in old:
        difference = new[name] - old[name]
        if name in new and np.isfinite(difference[0]):
            low, high = replicates.interval(difference) or (None, None)
            found[name] = Difference(float(old[name][0]), float(new[name][0]), float(difference[0]), low, high)
    return found
