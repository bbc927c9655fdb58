"""Rows of two models: what is counted of one output that both have."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from lightship.errors import InvalidInput
from lightship.evaluation import metrics
from lightship.evaluation.comparison.comparison import Change, ComparedOutput, Difference
from lightship.evaluation.comparison.mcnemar import McNemar, mcnemar
from lightship.evaluation.counts import Classes, Counts, replicates
from lightship.evaluation.counts.numbers import are_finite
from lightship.evaluation.scoring import Scored
from lightship.evaluation.tasks import Task
from lightship.inputs.datafiles.rows import Reject
from lightship.tensors import Array

MOST_CHANGES = 20

Pair = tuple[Scored, Scored]


@dataclass
class OutputPair:
    """Counts and changes of one output of two models.

    ``index`` is the output's among those that are scored.
    """

    tasks: tuple[Task, Task]
    index: int
    replicates: int
    counts: tuple[Counts, Counts] = field(init=False)
    rows: int = 0
    only: list[int] = field(default_factory=lambda: [0, 0])
    changed: int = 0
    changes: list[tuple[float, int, Change]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.check()
        before, after = (task.empty(self.replicates) for task in self.tasks)
        self.counts = (before, after)

    def check(self) -> None:
        """Raise InvalidInput for outputs of different kinds or classes."""
        before, after = self.tasks
        if type(before) is not type(after) or before.spec.classes != after.spec.classes:
            raise InvalidInput(
                f"the models cannot be compared: the outputs '{before.spec.name}' and '{after.spec.name}' have "
                "different classes or are of different kinds"
            )

    def finite(self, pair: Pair) -> tuple[Array, Array]:
        """Return which rows each model has a finite prediction for [rows], bool."""
        before, after = (are_finite(each.predictions[self.index]) for each in pair)
        return before, after

    def rejects(self, pair: Pair) -> dict[int, Reject]:
        """Return the positions of the rows that are not counted."""
        before, after = self.finite(pair)
        return self._not_finite(pair[0], "first", ~before) | self._not_finite(pair[1], "second", before & ~after)

    def _not_finite(self, scored: Scored, rank: str, rows: Array) -> dict[int, Reject]:
        reject = Reject(f"the {rank} model's prediction of '{self.tasks[0].spec.name}' is not a finite number")
        return dict.fromkeys(scored.positions[rows].tolist(), reject)

    def count(self, pair: Pair, weights: Array) -> None:
        """Count the rows with finite predictions of both models.

        ``weights`` are [1 + replicates, rows].
        """
        before, after = self.finite(pair)
        both = before & after
        for counts, each in zip(self.counts, pair, strict=True):
            counts.add(each.targets[self.index][both], each.predictions[self.index][both], weights[:, both])

    def add_changes(self, pair: Pair) -> None:
        """Count the changed rows of a block, and keep the largest changes."""
        finite = self.finite(pair)
        before, after = (each.at(finite[0] & finite[1]) for each in pair)
        if not len(before.positions):
            return
        task = self.tasks[0]
        changes = task.changes(before.predictions[self.index], after.predictions[self.index])
        wrong = [task.wrong(each.targets[self.index], each.predictions[self.index]) for each in (before, after)]
        self.rows += len(before.positions)
        self.changed += int((changes > 0).sum())
        self.only[0] += int((~wrong[0] & wrong[1]).sum())
        self.only[1] += int((wrong[0] & ~wrong[1]).sum())
        for at in np.argsort(-changes, kind="stable")[:MOST_CHANGES].tolist():
            if changes[at] > 0:
                change = self._change((before, after), at)
                self.changes.append((float(changes[at]), -change.row, change))
        self.changes = heapq.nlargest(MOST_CHANGES, self.changes, key=lambda entry: entry[:2])

    def _change(self, pair: Pair, at: int) -> Change:
        before, after = pair
        position = int(before.positions[at])
        target, old = self.tasks[0].describe(before.targets[self.index][at], before.predictions[self.index][at])
        _, new = self.tasks[0].describe(after.targets[self.index][at], after.predictions[self.index][at])
        return Change(before.block.first + position, before.block.place(position), target, old, new)

    def result(self) -> ComparedOutput:
        """Return the differences."""
        return ComparedOutput(
            output=self.tasks[0].spec.name,
            rows=self.rows,
            metrics=differences(*self.counts),
            absent=self._absent(),
            changed=self.changed,
            changes=tuple(entry[2] for entry in self.changes),
            mcnemar=self._mcnemar(),
        )

    def _absent(self) -> dict[str, str]:
        before, after = (metrics.figures(counts).absent for counts in self.counts)
        return {**after, **before}

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
        if np.isfinite(difference[0]):
            low, high = replicates.interval(difference) or (None, None)
            found[name] = Difference(float(old[name][0]), float(new[name][0]), float(difference[0]), low, high)
    return found
