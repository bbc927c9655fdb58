"""Comparison of two models on the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lightship.errors import InvalidInput
from lightship.evaluation import metrics, scoring, warnings
from lightship.evaluation.comparison import latency
from lightship.evaluation.comparison.comparison import Comparison
from lightship.evaluation.comparison.pairs import OutputPair, Pair
from lightship.evaluation.counts import replicates
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
from lightship.evaluation.scoring import Skips
from lightship.evaluation.tasks import Task
from lightship.inputs.datafiles.rows import Reject
from lightship.model import Model
from lightship.tensors import Array

Tasks = Sequence[Task]


def compare(
    before: Model, after: Model, path: Path, options: Options = DEFAULT, *, progress: Progress = ignore_progress
) -> Comparison:
    """Return the differences between two models' outputs on the same rows.

    The first outputs are compared whatever their names, the others by name. Rows that either model cannot take are
    errors, or are skipped with the option ``skip_bad``. Rows without a finite prediction of an output of either model
    are excluded from its metrics of both. Raises as :func:`lightship.evaluation.evaluate.evaluate` does, and
    InvalidInput for outputs that cannot be compared.
    """
    models = (before, after)
    opened = [_open(model, path, options) for model in models]
    with named(path):
        data = (opened[0][0], opened[1][0])
        matched, unmatched = _matched(opened[0][1], opened[1][1])
        run = _Run(models, data[0].name, matched, options)
        for block, other in _blocks(data, run.tasks):
            run.add(block, other)
            progress(block.done)
        return run.result(digest(data[0]), unmatched)


def _open(model: Model, path: Path, options: Options) -> tuple[Data, Tasks]:
    signature = model.manifest.signature()
    check_rows(signature)
    data = open_data(path, signature, header=options.header)
    with named(path):
        return data, tasks_for(model, data, options)


def _matched(before: Tasks, after: Tasks) -> tuple[list[tuple[Task, Task]], tuple[str, ...]]:
    """Return the pairs of outputs, and the names of those that only one model has."""
    old, new = ({task.spec.name: task for task in tasks[1:]} for tasks in (before, after))
    pairs = [(before[0], after[0]), *((task, new[name]) for name, task in old.items() if name in new)]
    return pairs, tuple(name for name in [*old, *new] if (name in old) != (name in new))


def _blocks(data: tuple[Data, Data], tasks: tuple[Tasks, Tasks]) -> Iterator[tuple[Block, Block]]:
    before, after = (each.blocks(target_columns(found)) for each, found in zip(data, tasks, strict=True))
    return zip(before, after, strict=True)


@dataclass
class _Run:
    models: tuple[Model, Model]
    name: str
    matched: Sequence[tuple[Task, Task]]
    options: Options
    tasks: tuple[Tasks, Tasks] = field(init=False)
    outputs: Sequence[OutputPair] = field(init=False)
    skips: Skips = field(default_factory=Skips)
    excluded: Skips = field(default_factory=Skips)
    lost: int = 0
    rows: int = 0
    drawn: int = 0
    samples: list[Mapping[str, Array]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tasks = ([before for before, _ in self.matched], [after for _, after in self.matched])
        self.outputs = [OutputPair(pair, index, self.options.replicates) for index, pair in enumerate(self.matched)]

    def add(self, block: Block, other: Block) -> None:
        """Count the rows of a block that both models take."""
        pair = self._common(block, other)
        if not len(pair[0].positions):
            return
        if not self.samples:
            first = int(pair[0].positions[0])
            self.samples = [{k: array[np.newaxis] for k, array in inputs_at(each, first).items()} for each in pair]
        self._exclude(pair)
        for start, rows, chosen in parts(pair[0]):
            weights = replicates.weights(self.options.seed, self.drawn, rows, self.options.replicates)
            self.drawn += 1
            part = (pair[0].at(chosen), pair[1].at(chosen))
            for output in self.outputs:
                output.count(part, weights[:, part[0].positions - start])
        for output in self.outputs:
            output.add_changes(pair)

    def _common(self, block: Block, other: Block) -> Pair:
        before = scoring.score(self.models[0], self.tasks[0], block)
        after = scoring.score(self.models[1], self.tasks[1], other)
        rejects = before.prepared.rejects | after.prepared.rejects
        before.prepared.rejects |= rejects
        if self.options.skip_bad:
            self.skips.add(before.block, rejects)
        else:
            scoring.check_rows(before.block, before.prepared, hint=" (--skip-bad leaves out such rows)")
        _, first, second = np.intersect1d(before.positions, after.positions, assume_unique=True, return_indices=True)
        return before.at(first), after.at(second)

    def _exclude(self, pair: Pair) -> None:
        """Count the rows without a finite prediction of some output.

        Those that only the second model lacks one for are lost.
        """
        rejects: dict[int, Reject] = {}
        lost = np.zeros(len(pair[0].positions), np.bool_)
        for output in self.outputs:
            before, after = output.finite(pair)
            lost |= before & ~after
            rejects = output.rejects(pair) | rejects
        self.lost += int(lost.sum())
        self.rows += len(pair[0].positions) - len(rejects)
        self.excluded.add(pair[0].block, rejects)

    def result(self, sha256: str, unmatched: tuple[str, ...]) -> Comparison:
        """Return the differences; raises InvalidInput where no row could be compared."""
        if not any(output.rows for output in self.outputs):
            first = (self.skips.listed or self.excluded.listed)[0]
            raise InvalidInput(f"no row can be compared; the first, {first['place']}: {first['reason']}")
        figures = [metrics.figures(output.counts[0]) for output in self.outputs]
        return Comparison(
            data=Evaluated(self.name, sha256, self.rows, **scoring.left_out(self.skips, self.excluded)),
            outputs=tuple(output.result() for output in self.outputs),
            unmatched=unmatched,
            lost=self.lost,
            sizes=(self.models[0].bundle.size, self.models[1].bundle.size),
            latencies=latency.measure(self.models, self.samples),
            warnings=warnings.of_targets(self.name, self.tasks[0], figures),
        )
