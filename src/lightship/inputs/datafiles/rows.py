"""Rows of a file as tensors, and the reason for each row that does not fit.

A table of numbers is converted as a whole. Only where that fails, the invalid rows are found by bisection. The result
is the same either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import NamedTuple, TypeVar

import numpy as np

from lightship.errors import InvalidInput, LightshipError, TransformTimeout, Unavailable
from lightship.formats import csv_arrays
from lightship.formats.base import Row
from lightship.inputs import kind_of
from lightship.inputs.datafiles.layout import Layout, tensors
from lightship.tensors import Array

T = TypeVar("T")

# Rows that are in memory as Python objects at a time.
_BLOCK = 8192


@dataclass
class Batch:
    """Rows that are predicted together: positions in the chunk from 0, and tensors.

    ``inputs`` has the batch of each input of the model.
    """

    positions: Array
    inputs: Mapping[str, Array]


class Reject(NamedTuple):
    """Why a row was rejected.

    ``column`` is the file's column, or the model's input, with the wrong cell; empty where neither is known.
    """

    reason: str
    column: str = ""

    @classmethod
    def of(cls, error: LightshipError) -> Reject:
        """Return the reason of an error, without its row.

        That is the row's number among those that were tried together.
        """
        if isinstance(error, InvalidInput):
            return cls(error.at(None).message, error.column or error.input)
        return cls(error.message)


@dataclass
class Prepared:
    """Rows of a chunk: their number, the valid batches, and the rejected rows.

    ``rejects`` are by position. A job's images are read while ``batches`` are iterated, which is possible once and
    completes ``rejects``.
    """

    count: int
    batches: Iterable[Batch] = ()
    rejects: dict[int, Reject] = field(default_factory=dict)


def from_csv(data: bytes, layout: Layout, *, first: int) -> Prepared | None:
    """Return the rows of a CSV span, parsed as a whole; None where a cell is invalid.

    None also where a cell is not a finite number, or the model takes other types.
    """
    inputs = {}
    for spec in layout.signature.inputs:
        if spec.numpy.kind not in "fiu" or layout.positions is None or layout.width is None:
            return None
        kind, chosen = kind_of(spec), layout.positions[spec.name]
        positions = [position for position in chosen if position is not None]
        if not kind.direct or len(positions) < len(chosen):
            return None
        array = csv_arrays.numbers(data, positions, width=layout.width, first=first, dtype=spec.numpy)
        if array is None:
            return None
        inputs[spec.name] = array[:, 0] if len(spec.shape) == 1 else array
        if not kind.takes(inputs[spec.name], spec):
            return None
    count = len(next(iter(inputs.values())))
    return Prepared(count, [Batch(np.arange(count), inputs)] if count else [])


def from_rows(rows: Iterable[Row], layout: Layout, *, text: bool) -> Prepared:
    """Return rows of any format; ``text`` where their cells are strings to be parsed.

    Only a block of rows is in memory as Python objects at a time.
    """
    found, batches, rest = Prepared(0), list[Batch](), iter(rows)
    while block := list(islice(rest, _BLOCK)):
        batches += _add(found, block, layout, text=text)
    return Prepared(found.count, list(merged(batches)), found.rejects)


def _add(found: Prepared, rows: Sequence[Row], layout: Layout, *, text: bool) -> list[Batch]:
    """Count rows and rejected rows of a file, and return the valid ones."""
    batches = []
    good = [position for position, row in enumerate(rows) if not row.error]

    def convert(start: int, end: int) -> Mapping[str, Array]:
        return tensors([rows[position].cells for position in good[start:end]], layout, text=text)

    found.rejects |= {found.count + position: Reject(row.error) for position, row in enumerate(rows) if row.error}
    for start, end, array in bisected(convert, 0, len(good)):
        if isinstance(array, LightshipError):
            found.rejects[found.count + good[start]] = Reject.of(array)
        else:
            batches.append(Batch(found.count + np.array(good[start:end]), array))
    found.count += len(rows)
    return batches


def bisected(attempt: Callable[[int, int], T], start: int, end: int) -> Iterator[tuple[int, int, T | LightshipError]]:
    """Try a range; where it fails, its halves, down to single failing rows.

    Yields results in order, each with its range; the result of a failing row is its error. Raises errors that do not
    depend on the rows: Unavailable, and TransformTimeout, because each further attempt would wait for the limit again.
    """
    if start >= end:
        return
    try:
        found: T | LightshipError = attempt(start, end)
    except (TransformTimeout, Unavailable):
        raise
    except LightshipError as error:
        if end - start > 1:
            middle = (start + end) // 2
            yield from bisected(attempt, start, middle)
            yield from bisected(attempt, middle, end)
            return
        found = error
    yield start, end, found


def merged(batches: Sequence[Batch]) -> Iterator[Batch]:
    """Merge adjacent batches of equal shape.

    Without this, a few rejects among many rows would cause many small calls of the model.
    """
    shapes = [[array.shape[1:] for array in batch.inputs.values()] for batch in batches]
    changes = [position for position, (one, other) in enumerate(pairwise(shapes), start=1) if one != other]
    for start, end in pairwise([0, *changes, len(batches)]):
        if group := batches[start:end]:
            names = group[0].inputs
            yield Batch(
                np.concatenate([batch.positions for batch in group]),
                {name: np.concatenate([batch.inputs[name] for batch in group]) for name in names},
            )
