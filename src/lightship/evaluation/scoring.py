"""Rows of a block with their targets and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.evaluation.counts.numbers import are_finite
from lightship.evaluation.data import Block
from lightship.evaluation.running import run
from lightship.evaluation.tasks import Task, is_missing
from lightship.inputs.datafiles.rows import Prepared, Reject
from lightship.model import Model
from lightship.tensors import Array

# Skipped rows that are listed.
MOST_LISTED = 20


@dataclass(frozen=True)
class Scored:
    """Rows of a block that were evaluated.

    Attributes:
        block: the block.
        prepared: all its rows as tensors.
        positions: of the evaluated rows in the block, ascending.
        targets: by task, one entry for each evaluated row.
        predictions: likewise.
    """

    block: Block
    prepared: Prepared
    positions: Array
    targets: Sequence[Array]
    predictions: Sequence[Array]

    def at(self, chosen: Array) -> Scored:
        """Return only the rows of a mask or of indices."""
        return Scored(
            self.block,
            self.prepared,
            self.positions[chosen],
            [array[chosen] for array in self.targets],
            [array[chosen] for array in self.predictions],
        )


@dataclass
class Skips:
    """Rows that are in no metric: their number, and the first of them."""

    rows: int = 0
    listed: list[Mapping[str, Any]] = field(default_factory=list)

    def add(self, block: Block, rejects: Mapping[int, Reject]) -> None:
        """Count rows by their positions in a block."""
        self.rows += len(rejects)
        for position in sorted(rejects)[: MOST_LISTED - len(self.listed)]:
            reject = rejects[position]
            record = {"file": block.file(position), "row": block.first + position, "column": reject.column}
            self.listed.append(record | {"reason": _reason(reject), "place": block.place(position)})

    def to_json(self) -> tuple[Mapping[str, Any], ...]:
        """Return the listed rows as entries of ``skips``."""
        return tuple({name: value for name, value in skip.items() if name != "place"} for skip in self.listed)


def left_out(skipped: Skips, excluded: Skips) -> dict[str, Any]:
    """Return the fields of an evaluation's data about rows that are in no metric."""
    return {
        "skipped": skipped.rows,
        "skips": skipped.to_json(),
        "excluded": excluded.rows,
        "exclusions": excluded.to_json(),
    }


def score(model: Model, tasks: Sequence[Task], block: Block) -> Scored:
    """Return the rows of a block that have valid inputs and targets.

    The others are among the rejects of ``prepared``.
    """
    prepared = block.prepare()
    targets = [targets_of(task, block, prepared) for task in tasks]
    positions, outputs = _outputs(model, tasks, prepared)
    kept = np.array([position not in prepared.rejects for position in positions.tolist()], np.bool_)
    positions = positions[kept]
    if not len(positions):
        return Scored(block, prepared, positions, [array[:0] for array in targets], [positions for _ in tasks])
    predictions = [task.predictions(outputs[task.spec.name][kept]) for task in tasks]
    return Scored(block, prepared, positions, [array[positions] for array in targets], predictions)


def exclusions(tasks: Sequence[Task], scored: Scored) -> Mapping[int, Reject]:
    """Return the positions of the rows that some output has no finite prediction for."""
    found: dict[int, Reject] = {}
    for task, predictions in zip(tasks, scored.predictions, strict=True):
        reject = Reject(f"the prediction of '{task.spec.name}' is not a finite number", "")
        for position in scored.positions[~are_finite(predictions)].tolist():
            found.setdefault(position, reject)
    return found


def check_rows(block: Block, prepared: Prepared, *, limit: int | None = None, hint: str = "") -> None:
    """Raise InvalidInput for the first rejected row, which names file, row and column.

    ``limit`` is the number of rows that are used; None for all.
    """
    position = min(prepared.rejects, default=None)
    if position is None or (limit is not None and position >= limit):
        return
    column = prepared.rejects[position].column
    where = block.place(position) + (f", column '{column[:80]}'" if column else "")
    raise InvalidInput(f"{where}: {_reason(prepared.rejects[position])}{hint}")


def _reason(reject: Reject) -> str:
    """Return why a row was rejected, without its column."""
    return reject.reason.removeprefix(f"column '{reject.column}': ").removeprefix(f"input '{reject.column}': ")


def targets_of(task: Task, block: Block, prepared: Prepared) -> Array:
    """Return the targets of a block's rows; rows without one are added to the rejects."""
    cells = [block.cells(column) for column in task.columns]
    found = task.targets(cells)
    for position in np.flatnonzero(~task.valid(found)).tolist():
        row = found[position : position + 1]
        prepared.rejects.setdefault(position, _reject(task, row, [column[position] for column in cells]))
    return found


def _reject(task: Task, row: Array, cells: Sequence[Any]) -> Reject:
    """Return why one row's targets are not valid, with the first wrong column.

    ``row`` is [1] or [1, columns].
    """
    named = list(zip(task.columns, cells, strict=True))
    missing = [name for name, cell in named if is_missing(cell)]
    if missing:
        return Reject("the target is missing", missing[0])
    several = range(len(cells)) if len(cells) > 1 else ()
    wrong = next((index for index in several if not task.valid(row[:, [index]])[0]), 0)
    return Reject(f"{str(cells[wrong])[:60]!r} is not a target: it must be {task.expected()}", task.columns[wrong])


def _outputs(model: Model, tasks: Sequence[Task], prepared: Prepared) -> tuple[Array, Mapping[str, Array]]:
    """Return the positions of the rows that the model ran, and their outputs."""
    parts = list(run(model, prepared))
    if not parts:
        return np.empty(0, np.int64), {}
    positions = np.concatenate([found for found, _ in parts])
    order = np.argsort(positions, kind="stable")
    names = [task.spec.name for task in tasks]
    return positions[order], {name: np.concatenate([outputs[name] for _, outputs in parts])[order] for name in names}
