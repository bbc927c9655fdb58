"""Chunks of Parquet: columns keep their types, predictions are added as columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from lightship.formats import parquet
from lightship.formats.base import Row, Span
from lightship.inputs import kind_of
from lightship.jobs.cloud import Cloud
from lightship.jobs.files import predictions, rows
from lightship.jobs.files.layout import layout
from lightship.jobs.files.predictions import Scored
from lightship.jobs.files.rows import Batch, Prepared
from lightship.jobs.ledger.records import Chunk, Job
from lightship.jobs.ranges import open_file
from lightship.tensors import Array, Signature, TensorSpec


def own_columns(job: Job, signature: Signature) -> tuple[str, ...]:
    """See :func:`lightship.jobs.files.contents.own_columns`."""
    return job.header.columns if job.header else ()


def open_chunk(job: Job, chunk: Chunk, signature: Signature, cloud: Cloud) -> Columnar:
    """See :func:`lightship.jobs.files.contents.open_chunk`."""
    span = Span(chunk.start, chunk.end, chunk.first, chunk.rows)
    with open_file(job.source, cloud) as file:
        table, damage = parquet.table(file, span)
    return Columnar(table, parquet.error_rows(span, table, damage), job, signature)


class Columnar:
    """Parquet rows of a chunk; see :class:`lightship.jobs.files.contents.Content`.

    ``table`` is a ``pyarrow.Table``; ``lost`` are the rows after it that could not be read.
    """

    def __init__(self, table: Any, lost: list[Row], job: Job, signature: Signature) -> None:
        self._table = table
        self._plain = parquet.without_decimals(table)
        self._lost = lost
        self.columns = own_columns(job, signature)
        self._layout = layout(signature, job.header, table=False)

    @property
    def fields(self) -> Sequence[str]:
        """See :class:`lightship.jobs.files.contents.Content`."""
        return self.columns

    def prepare(self) -> Prepared:
        """See :class:`lightship.jobs.files.contents.Content`."""
        inputs = None if self._lost else self._numbers()
        if inputs is None:
            found = map(_with_numbers, self._rows(self._read()))
            return rows.from_rows(chain(found, self._lost), self._layout, text=False)
        count = self._table.num_rows
        return Prepared(count, [Batch(np.arange(count), inputs)] if count else [])

    def cells(self, column: str, positions: Sequence[int]) -> list[Any]:
        """See :class:`lightship.jobs.files.contents.Content`."""
        chosen = self._table.select([column]).take(np.array(positions, np.int64))
        return [dict(row.cells).get(column) for row in self._rows(chosen)]

    def text(self, position: int) -> str:
        """See :class:`lightship.jobs.files.contents.Content`."""
        if position >= self._plain.num_rows:
            return ""
        return str({name: parquet.cell(self._plain.column(name)[position]) for name in self.columns})

    def write(self, scored: Scored, names: Sequence[str]) -> bytes:
        """See :class:`lightship.jobs.files.contents.Content`."""
        whole = len(scored.positions) == self._table.num_rows
        table = self._table if whole else self._table.take(scored.positions)
        for column in predictions.typed_columns(self._layout.signature, names, scored):
            table = table.append_column(column.name, [parquet.array(column)])
        return parquet.to_bytes(table)

    def _read(self) -> Any:
        """Return the table with only the columns that the model takes.

        The cells of other columns must not cause a row to be rejected.
        """
        if self._layout.positions is not None:
            found = {at for chosen in self._layout.positions.values() for at in chosen if at is not None}
            return self._plain.select(sorted(found))
        wanted = [spec.name for spec in self._layout.signature.inputs if spec.name in self.columns]
        return self._plain.select(wanted) if wanted else self._plain

    def _numbers(self) -> dict[str, Array] | None:
        """Return each input from columns of numbers that it takes; None for other columns."""
        inputs = {}
        for spec in self._layout.signature.inputs:
            positions = (self._layout.positions or {}).get(spec.name) if kind_of(spec).direct else None
            if not positions or None in positions:
                return None
            array = _stacked([self._plain.column(position) for position in positions], spec)
            if array is None:
                return None
            inputs[spec.name] = array[:, 0] if len(spec.shape) == 1 else array
            if not kind_of(spec).takes(inputs[spec.name], spec):
                return None
        return inputs

    def _rows(self, table: Any) -> Iterator[Row]:
        return parquet.rows_of(table, first=1)


def _with_numbers(row: Row) -> Row:
    """Return a row with numbers in place of decimals.

    Columns whose decimals fit no integer dtype together still hold decimals in the table.
    """
    return replace(row, cells={name: parquet.number(cell) for name, cell in dict(row.cells).items()})


def _stacked(columns: Sequence[Any], spec: TensorSpec) -> Array | None:
    """Return columns as an array [rows, columns] of an input's dtype.

    A null is NaN. None where a column is not numeric or a cell does not fit the dtype.
    """
    if spec.numpy.kind not in "fiu":
        return None
    arrays = [column.to_numpy() for column in columns]
    if any(array.dtype.kind not in ("fiu" if spec.numpy.kind == "f" else "iu") for array in arrays):
        return None
    found = np.empty((len(arrays[0]), len(arrays)), spec.numpy)
    for number, array in enumerate(arrays):
        with np.errstate(over="ignore"):
            found[:, number] = array
        if spec.numpy.kind != "f" and not np.array_equal(found[:, number], array):
            return None
    return found
