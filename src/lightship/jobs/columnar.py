"""Chunks of Parquet: columns stay typed, predictions become more of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np

from lightship.errors import InvalidInput
from lightship.formats import parquet
from lightship.formats.base import Row, Span
from lightship.jobs import rows
from lightship.jobs.cloud import Cloud
from lightship.jobs.layout import layout
from lightship.jobs.predictions import Scored
from lightship.jobs.ranges import open_file
from lightship.jobs.records import Chunk, Job
from lightship.jobs.rows import Batch, Prepared
from lightship.tensors import Array, Signature, TensorSpec


def open_chunk(job: Job, chunk: Chunk, signature: Signature, cloud: Cloud) -> Columnar:
    """See :func:`lightship.jobs.contents.open_chunk`."""
    span = Span(chunk.start, chunk.end, chunk.first, chunk.rows)
    with open_file(job.source, cloud) as file:
        try:
            return Columnar(parquet.table(file, span), None, chunk.first, job, signature)
        except InvalidInput:  # damaged: what can be read of it is
            return Columnar(None, list(parquet.read_rows(file, span)), chunk.first, job, signature)


class Columnar:
    """See :class:`lightship.jobs.contents.Content`; ``table`` is a ``pyarrow.Table``, None where it is damaged."""

    def __init__(self, table: Any, damaged: list[Row] | None, first: int, job: Job, signature: Signature) -> None:
        self._table = table
        self._damaged = damaged
        self._first = first
        self.columns = job.header.columns if job.header else ()
        self._layout = layout(signature, job.header, table=False)

    @property
    def fields(self) -> Sequence[str]:
        """See :class:`lightship.jobs.contents.Content`."""
        return self.columns

    def prepare(self) -> Prepared:
        """See :class:`lightship.jobs.contents.Content`."""
        inputs = self._numbers() if self._damaged is None else None
        if inputs is None:
            return rows.from_rows(self._rows, self._layout, text=False)
        count = self._table.num_rows
        return Prepared(count, [Batch(np.arange(count), inputs)] if count else [])

    def cells(self, column: str, positions: Sequence[int]) -> list[Any]:
        """See :class:`lightship.jobs.contents.Content`."""
        if self._damaged is None:
            values = self._table[column].to_pylist()
            return [values[position] for position in positions]
        return [self._cells(position)[column] for position in positions]

    def text(self, position: int) -> str:
        """See :class:`lightship.jobs.contents.Content`."""
        return str(dict(self._cells(position))) if self._rows[position].cells else ""

    def write(self, scored: Scored, names: Sequence[str]) -> bytes:
        """See :class:`lightship.jobs.contents.Content`."""
        if self._damaged is None:
            table = self._table.take(scored.positions)
            for name, values in zip(names, scored.columns, strict=True):
                table = table.append_column(name, [values])
            return parquet.to_bytes(table)
        plain = [column.tolist() if isinstance(column, np.ndarray) else column for column in scored.columns]
        positions = scored.positions.tolist()
        found = [
            [*self._cells(position).values(), *(column[place] for column in plain)]
            for place, position in enumerate(positions)
        ]
        return parquet.write((*self.columns, *names), found)

    def _numbers(self) -> dict[str, Array] | None:
        """Every input from columns of numbers without gaps; None where one is anything else."""
        inputs = {}
        for spec in self._layout.signature.inputs:
            places = (self._layout.places or {}).get(spec.name)
            array = _side_by_side([self._table.column(place) for place in places], spec) if places else None
            if array is None:
                return None
            inputs[spec.name] = array[:, 0] if len(spec.shape) == 1 else array
        return inputs

    def _cells(self, position: int) -> Mapping[str, Any]:
        return cast(Mapping[str, Any], self._rows[position].cells)

    @cached_property
    def _rows(self) -> list[Row]:
        if self._damaged is not None:
            return self._damaged
        return list(parquet.rows_of(self._table, first=self._first))


def _side_by_side(columns: Sequence[Any], spec: TensorSpec) -> Array | None:
    """Columns of a table as an array [rows, columns] of an input's dtype; None where a cell is no such number."""
    if spec.numpy.kind not in "fiu" or any(column.null_count for column in columns):
        return None
    arrays = [column.to_numpy() for column in columns]
    if any(array.dtype.kind not in ("fiu" if spec.numpy.kind == "f" else "iu") for array in arrays):
        return None
    found = np.empty((len(arrays[0]), len(arrays)), spec.numpy)
    for place, array in enumerate(arrays):
        with np.errstate(over="ignore"):
            found[:, place] = array
        if spec.numpy.kind != "f" and not np.array_equal(found[:, place], array):
            return None
    return found if np.isfinite(found).all() else None
