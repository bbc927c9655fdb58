"""Evaluation of a model over data with targets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.evaluation import metrics, scoring, slices, warnings
from lightship.evaluation.baseline import Baseline
from lightship.evaluation.counts import Counts, replicates
from lightship.evaluation.data import Block, Data, digest, named, open_data
from lightship.evaluation.evaluation import Evaluated, Evaluation
from lightship.evaluation.importance import first_rows, importance
from lightship.evaluation.mistakes import Worst
from lightship.evaluation.scoring import Scored, Skips
from lightship.evaluation.slices import Slicer
from lightship.evaluation.targets import first_output
from lightship.evaluation.tasks import Task, tasks_of
from lightship.model import Model
from lightship.tensors import Array, Signature

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Options:
    """Options of an evaluation.

    Attributes:
        target: target column of the first output; None for the column named like the output.
        slices: columns by whose values metrics are computed.
        skip_bad: leave out rows that cannot be evaluated, and list them, instead of an error.
        replicates: replicates of the bootstrap.
        seed: of the bootstrap.
        header: whether a CSV has a header; None to detect it.
        baseline: compute statistics of the features, too.
    """

    target: str | None = None
    slices: tuple[str, ...] = ()
    skip_bad: bool = False
    replicates: int = replicates.REPLICATES
    seed: int = 0
    header: bool | None = None
    baseline: bool = False


DEFAULT = Options()


def ignore_progress(done: float) -> None:
    """Report nothing."""


def evaluate(
    model: Model, path: Path, options: Options = DEFAULT, *, progress: Progress = ignore_progress
) -> Evaluation:
    """Return the metrics of a model over a file, or a folder of images.

    ``progress`` is called with the share of the data that was read. Raises InvalidInput, which names file, row and
    column, UnsupportedMedia and OSError.
    """
    signature = model.manifest.signature()
    check_rows(signature)
    data = open_data(path, signature, header=options.header)
    with named(path):
        tasks = tasks_for(model, data, options)
        run = _Run(model, data, tasks, options)
        for block in data.blocks(target_columns(tasks)):
            run.add(block)
            progress(block.done)
        return run.result()


def check_rows(signature: Signature) -> None:
    """Raise InvalidInput for a model whose rows depend on each other."""
    if signature.independent_rows is False:
        raise InvalidInput("the rows of this model depend on each other: it cannot be evaluated in blocks of rows")


def tasks_for(model: Model, data: Data, options: Options) -> list[Task]:
    """Return what is evaluated; raises InvalidInput."""
    if not data.has_names:
        raise InvalidInput("the file has no header, which must name the target (--header if its first row is one)")
    signature = model.manifest.signature()
    golden = model.golden()[1].get(first_output(signature).name)
    tasks = tasks_of(signature, requested=options.target, columns=data.columns, default=data.target, golden=golden)
    missing = [column for column in options.slices if column not in data.columns]
    if missing:
        raise InvalidInput(f"the column '{missing[0][:80]}' of --slice is missing: {', '.join(data.columns)[:300]}")
    return tasks


def report_parts(model: Model, path: Path, found: Evaluation, options: Options = DEFAULT) -> dict[str, Any]:
    """Return the parts of report.json that come from data, without empty ones.

    They are ``evaluation``, ``importance`` and ``baseline``; ``found`` is the evaluation on the same data. Raises as
    :func:`evaluate` does.
    """
    data = open_data(path, model.manifest.signature(), header=options.header)
    with named(path):
        needed = importance(model, data, tasks_for(model, data, options)[0])
    parts = {"evaluation": found.to_json(), "importance": needed, "baseline": dict(found.baseline)}
    return {name: part for name, part in parts.items() if part}


def sample(model: Model, path: Path, options: Options = DEFAULT) -> tuple[Mapping[str, Array], Array]:
    """Return inputs and targets of the first rows that can be evaluated.

    Raises as :func:`evaluate` does.
    """
    data = open_data(path, model.manifest.signature(), header=options.header)
    with named(path):
        return first_rows(model, data, tasks_for(model, data, options)[0])


def has_targets(model: Model, data: Data) -> bool:
    """Return whether the data has a target column without a request for one."""
    try:
        tasks_for(model, data, DEFAULT)
    except InvalidInput:
        return False
    return True


def target_columns(tasks: Sequence[Task]) -> Collection[str]:
    """Return the columns that are targets."""
    return [column for task in tasks for column in task.columns]


def parts(scored: Scored) -> Iterator[tuple[int, int, Array]]:
    """Yield parts of a block with at most 4096 rows.

    Each is its first row, its number of rows, and the indices of the scored rows in it. Weights are drawn for all rows
    of a part, so that they do not depend on those that were skipped.
    """
    for start in range(0, scored.block.rows, replicates.ROWS):
        end = min(start + replicates.ROWS, scored.block.rows)
        low, high = np.searchsorted(scored.positions, [start, end])
        yield start, end - start, np.arange(low, high)


@dataclass
class _Run:
    model: Model
    data: Data
    tasks: Sequence[Task]
    options: Options
    counts: list[Counts] = field(init=False)
    slicers: list[Slicer] = field(init=False)
    worst: Worst = field(init=False)
    baseline: Baseline = field(init=False)
    skips: Skips = field(default_factory=Skips)
    excluded: Skips = field(default_factory=Skips)
    rows: int = 0
    blocks: int = 0

    def __post_init__(self) -> None:
        options, targets = self.options, target_columns(self.tasks)
        self.counts = [task.empty(options.replicates) for task in self.tasks]
        groups = [slices.groups_of(column, self._sample(column)) for column in options.slices]
        self.slicers = [Slicer(each, self.tasks[0], options.replicates) for each in groups]
        columns = [column for column in self.data.columns if column not in targets]
        self.baseline = Baseline(self.model.manifest.signature(), self.data.columns)
        self.worst = Worst(self.tasks[0], self.model.manifest.signature(), columns)

    def _sample(self, column: str) -> Iterator[Any]:
        blocks = self.data.blocks(target_columns(self.tasks))
        return islice((cell for block in blocks for cell in block.cells(column)), slices.SAMPLED)

    def add(self, block: Block) -> None:
        """Count the rows of a block."""
        scored = scoring.score(self.model, self.tasks, block)
        if self.options.skip_bad:
            self.skips.add(block, scored.prepared.rejects)
        else:
            scoring.check_rows(block, scored.prepared, hint=" (--skip-bad leaves out such rows)")
        if not len(scored.positions):
            return
        self.rows += len(scored.positions)
        self.excluded.add(block, scoring.exclusions(self.tasks, scored))
        cells = [self._cells(slicer, scored) for slicer in self.slicers]
        for start, rows, chosen in parts(scored):
            drawn = replicates.weights(self.options.seed, self.blocks, rows, self.options.replicates)
            self.blocks += 1
            self._count(scored.at(chosen), drawn[:, scored.positions[chosen] - start], cells)
        self.worst.add(scored)
        if self.options.baseline:
            self.baseline.add(scored)

    def _cells(self, slicer: Slicer, scored: Scored) -> dict[int, Any]:
        cells = scored.block.cells(slicer.groups.column)
        return {position: cells[position] for position in scored.positions.tolist()}

    def _count(self, scored: Scored, weights: Array, cells: Sequence[dict[int, Any]]) -> None:
        for counts, targets, predictions in zip(self.counts, scored.targets, scored.predictions, strict=True):
            counts.add(targets, predictions, weights)
        for slicer, found in zip(self.slicers, cells, strict=True):
            slicer.add(scored, weights, [found[position] for position in scored.positions.tolist()])

    def result(self) -> Evaluation:
        """Return the metrics; raises InvalidInput where no row could be evaluated."""
        if not self.rows:
            first = self.skips.listed[0]
            raise InvalidInput(f"no row can be evaluated; the first, {first['place']}: {first['reason']}")
        data = Evaluated(self.data.name, digest(self.data), self.rows, **scoring.left_out(self.skips, self.excluded))
        figures = tuple(metrics.figures(counts) for counts in self.counts)
        found = tuple(each.result() for each in self.slicers)
        warned = warnings.of_targets(self.data.name, self.tasks, figures)
        return Evaluation(data, figures, found, self.worst.result(), self.baseline.to_json(), warned)
