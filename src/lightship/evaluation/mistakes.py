"""The worst mistakes: rows with the largest losses."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lightship.evaluation import pictures
from lightship.evaluation.scoring import Scored
from lightship.evaluation.tasks import Task
from lightship.inputs import kind_of
from lightship.tensors import Array, Signature

MOST = 20

# Cells of a row, and characters of a cell, that are kept.
_CELLS = 50
_LENGTH = 200


@dataclass(frozen=True)
class Mistake:
    """A row with a large loss.

    ``image`` is a PNG as data URI, for inputs that are images.
    """

    row: int
    place: str
    target: Any
    predicted: Any
    loss: float
    cells: Mapping[str, Any]
    image: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry of ``worst``."""
        record = {"row": self.row, "place": self.place, "target": self.target, "predicted": self.predicted}
        record |= {"loss": self.loss, "cells": dict(self.cells)}
        return record | ({"image": self.image} if self.image else {})


@dataclass
class Worst:
    """Collection of the rows with the largest losses; of equal ones, the first."""

    task: Task
    signature: Signature
    columns: Sequence[str]
    kept: list[tuple[float, int, Mistake]] = field(default_factory=list)

    def add(self, scored: Scored) -> None:
        """Add the mistakes of a block."""
        losses = self.task.losses(scored.targets[0], scored.predictions[0])
        wrong = self.task.wrong(scored.targets[0], scored.predictions[0])
        least = self.kept[0][0] if len(self.kept) == MOST else 0.0
        candidates = np.flatnonzero(wrong & (losses > least))
        candidates = candidates[np.argsort(-losses[candidates], kind="stable")][:MOST]
        if not len(candidates):
            return
        cells = {column: scored.block.cells(column) for column in self.columns[:_CELLS]}
        for index in candidates.tolist():
            mistake = self._mistake(scored, index, float(losses[index]), cells)
            entry = (mistake.loss, -mistake.row, mistake)
            heapq.heappush(self.kept, entry) if len(self.kept) < MOST else heapq.heappushpop(self.kept, entry)

    def result(self) -> tuple[Mistake, ...]:
        """Return the mistakes, the largest loss first."""
        return tuple(entry[2] for entry in sorted(self.kept, key=lambda entry: entry[:2], reverse=True))

    def _mistake(self, scored: Scored, index: int, loss: float, cells: Mapping[str, Sequence[Any]]) -> Mistake:
        position = int(scored.positions[index])
        target, predicted = self.task.describe(scored.targets[0][index], scored.predictions[0][index])
        shown = {name: _plain(column[position]) for name, column in cells.items()}
        inputs = inputs_at(scored, position)
        image = next(filter(None, (pictures.data_uri(inputs[spec.name], spec) for spec in self.signature.inputs)), None)
        if not image:
            shown |= self._of_tensors(inputs, shown)
        row = scored.block.first + position
        return Mistake(row, scored.block.place(position), target, predicted, loss, shown, image)

    def _of_tensors(self, inputs: Mapping[str, Array], shown: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row's cells of inputs that are columns but not of the file (npz)."""
        found: dict[str, Any] = {}
        for spec in self.signature.inputs:
            names = kind_of(spec).columns(spec) or ()
            if len(names) <= _CELLS and not any(name in shown for name in names):
                cells = kind_of(spec).example_cells(inputs[spec.name], spec)
                found |= {name: _plain(cell) for name, cell in zip(names, cells, strict=False)}
        return found


def inputs_at(scored: Scored, position: int) -> Mapping[str, Array]:
    """Return the tensors of one row of a block, also scalars as arrays."""
    for batch in scored.prepared.batches:
        at = int(np.searchsorted(batch.positions, position))
        if at < len(batch.positions) and batch.positions[at] == position:
            return {name: array[at, ...] for name, array in batch.inputs.items()}
    raise LookupError(position)


def _plain(cell: Any) -> Any:
    """Return a cell as a JSON value of limited length."""
    if isinstance(cell, bytes):
        cell = cell.decode(errors="replace")
    if cell is None or isinstance(cell, bool | int):
        return cell
    if isinstance(cell, float):
        return cell if np.isfinite(cell) else None
    return str(cell)[:_LENGTH]
