"""Chunks of CSV: rows keep their text, and predictions are appended as columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from lightship.formats import csv_arrays, csv_columns, csv_files, lines, parquet
from lightship.formats.base import Row
from lightship.formats.parquet import Column
from lightship.inputs.cells import Cell
from lightship.inputs.datafiles import rows
from lightship.inputs.datafiles.layout import cells_of, layout
from lightship.inputs.datafiles.rows import Prepared
from lightship.jobs import objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.files import predictions
from lightship.jobs.files.predictions import Scored
from lightship.jobs.ledger.records import Chunk, Job
from lightship.jobs.ledger.requests import Source
from lightship.tensors import Signature

_TEXT = Cell(str, "text", "string")


def open_chunk(job: Job, chunk: Chunk, signature: Signature, cloud: Cloud) -> Table:
    """See :func:`lightship.jobs.files.contents.open_chunk`."""
    return Table(read_span(job, chunk, cloud), job, chunk, signature)


def own_columns(job: Job, signature: Signature) -> tuple[str, ...]:
    """See :func:`lightship.jobs.files.contents.own_columns`."""
    if job.header:
        return job.header.columns
    return tuple(name for names in layout(signature, None, table=True).columns.values() for name in names)


def read_span(job: Job, chunk: Chunk, cloud: Cloud) -> bytes:
    """Return a chunk's bytes, from the input or from its own object (gzip)."""
    if chunk.key:
        return objects.read_range(cloud, Source(cloud.bucket, chunk.key), 0, None)
    return objects.read_range(cloud, job.source, chunk.start, chunk.end)


class Table:
    """CSV rows of a chunk; see :class:`lightship.jobs.files.contents.Content`."""

    def __init__(self, data: bytes, job: Job, chunk: Chunk, signature: Signature) -> None:
        self._data = data
        self._job = job
        self._first = chunk.first
        self._layout = layout(signature, job.header, table=True, detected=job.options.header is None)
        self.columns = own_columns(job, signature)
        self._one_column = len(self.columns) == 1

    @property
    def fields(self) -> Sequence[str]:
        """See :class:`lightship.jobs.files.contents.Content`."""
        return self.columns

    def prepare(self) -> Prepared:
        """See :class:`lightship.jobs.files.contents.Content`."""
        fast = rows.from_csv(self._data, self._layout, first=self._first)
        return fast or rows.from_rows(self._rows(), self._layout, text=True)

    def cells(self, column: str, positions: Sequence[int]) -> list[Any]:
        """See :class:`lightship.jobs.files.contents.Content`."""
        found = [self._cells(row).get(column) for row in self._rows()]
        return [found[position] for position in positions]

    def text(self, position: int) -> str:
        """See :class:`lightship.jobs.files.contents.Content`."""
        return self._texts[position].decode(errors="backslashreplace")

    def write(self, scored: Scored, names: Sequence[str]) -> objects.Data:
        """See :class:`lightship.jobs.files.contents.Content`."""
        columns = (*self.columns, *names)
        if self._job.output_format == "parquet":
            predicted = predictions.typed_columns(self._layout.signature, names, scored)
            return parquet.build([*self._typed(scored), *predicted])
        body = self._body(scored)
        return body if self._job.options.single else [csv_files.preamble(columns, safe=self._job.options.safe), *body]

    def _body(self, scored: Scored) -> Sequence[bytes | memoryview]:
        """Return the scored rows with their predictions, as pieces of CSV without header.

        Whole columns are appended where :func:`csv_columns.append` can and the option ``safe`` is not set; otherwise
        the rows are joined one by one, for example where some were rejected.
        """
        safe = self._job.options.safe
        if safe:
            texts = csv_files.texts(self._data, first=self._first, safe=True, one_column=self._one_column)
        else:
            fast = csv_columns.append(lines.without_byte_order_mark(self._data, first=self._first), scored.columns)
            if fast is not None:
                return fast
            texts = self._texts
        chosen = [texts[position] for position in scored.positions.tolist()]
        return [csv_arrays.append(chosen, scored.columns, safe=safe)]

    def _typed(self, scored: Scored) -> list[Column]:
        """Return the input's columns for Parquet.

        Columns that the model takes have its type, all others are strings.
        """
        chosen = set(scored.positions.tolist())
        cells = dict.fromkeys(self.columns, _TEXT) | cells_of(self._layout, self.columns)
        values: dict[str, list[Any]] = {name: [] for name in self.columns}
        for row in (self._cells(row) for position, row in enumerate(self._rows()) if position in chosen):
            for name, cell in cells.items():
                values[name].append(cell.parse(row[name]))
        return [Column(name, values[name], cell.dtype) for name, cell in cells.items()]

    def _cells(self, row: Row) -> Mapping[str, Any]:
        return row.cells if isinstance(row.cells, Mapping) else dict(zip(self.columns, row.cells, strict=False))

    def _rows(self) -> Iterator[Row]:
        """Return the rows, parsed again each time.

        As Python objects they take forty times their bytes.
        """
        return csv_files.read(self._data, self._job.header, first=self._first, one_column=self._one_column)

    @cached_property
    def _texts(self) -> list[bytes]:
        return csv_files.texts(self._data, first=self._first, one_column=self._one_column)
