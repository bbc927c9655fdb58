"""Chunks of CSV: each row keeps its text as it stands in the file, and gets its predictions behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from lightship.formats import csv_arrays, csv_columns, csv_files, lines, parquet
from lightship.formats.base import Row
from lightship.jobs import objects, rows
from lightship.jobs.cloud import Cloud
from lightship.jobs.layout import layout
from lightship.jobs.predictions import Scored
from lightship.jobs.records import Chunk, Job, Source
from lightship.jobs.rows import Prepared
from lightship.tensors import Signature


def open_chunk(job: Job, chunk: Chunk, signature: Signature, cloud: Cloud) -> Table:
    """See :func:`lightship.jobs.contents.open_chunk`."""
    return Table(read_span(job, chunk, cloud), job, chunk, signature)


def read_span(job: Job, chunk: Chunk, cloud: Cloud) -> bytes:
    """A chunk's bytes: of the input, or of the object it was cut out into."""
    if chunk.key:
        return objects.read_range(cloud, Source(cloud.bucket, chunk.key), 0, None)
    return objects.read_range(cloud, job.source, chunk.start, chunk.end)


class Table:
    """See :class:`lightship.jobs.contents.Content`."""

    def __init__(self, data: bytes, job: Job, chunk: Chunk, signature: Signature) -> None:
        self._data = data
        self._job = job
        self._first = chunk.first
        self._layout = layout(signature, job.header, table=True)
        wanted = tuple(name for names in self._layout.columns.values() for name in names)
        self.columns = job.header.columns if job.header else wanted

    @property
    def fields(self) -> Sequence[str]:
        """See :class:`lightship.jobs.contents.Content`."""
        return self.columns

    def prepare(self) -> Prepared:
        """See :class:`lightship.jobs.contents.Content`."""
        quick = rows.from_csv(self._data, self._layout, first=self._first)
        return quick or rows.from_rows(self._rows, self._layout, text=True)

    def cells(self, column: str, positions: Sequence[int]) -> list[Any]:
        """See :class:`lightship.jobs.contents.Content`."""
        found = self._rows
        return [self._cells(found[position]).get(column) for position in positions]

    def text(self, position: int) -> str:
        """See :class:`lightship.jobs.contents.Content`."""
        return self._texts[position].decode(errors="backslashreplace")

    def write(self, scored: Scored, names: Sequence[str]) -> bytes:
        """See :class:`lightship.jobs.contents.Content`."""
        columns = (*self.columns, *names)
        if self._job.output_format == "parquet":
            return parquet.write(columns, self._typed(scored))
        body = self._body(scored)
        return body if self._job.options.single else csv_files.preamble(columns, safe=self._job.options.safe) + body

    def _body(self, scored: Scored) -> bytes:
        """The rows as they stand, each with its predictions; one by one where rows were rejected, or are to be safe."""
        safe = self._job.options.safe
        if safe:
            texts = csv_files.texts(self._data, first=self._first, safe=True)
        else:
            quick = csv_columns.append(lines.unmarked(self._data, first=self._first), scored.columns)
            if quick is not None:
                return quick
            texts = self._texts
        return append([texts[position] for position in scored.positions.tolist()], scored.columns, safe=safe)

    def _typed(self, scored: Scored) -> list[list[Any]]:
        """Rows for a format with types: what the model takes as numbers is numbers, all else is text."""
        wanted = {
            name: float if spec.numpy.kind == "f" else int
            for spec in self._layout.signature.inputs
            if spec.numpy.kind in "fiu"
            for name in self._layout.columns[spec.name]
        }
        plain = [column.tolist() if hasattr(column, "tolist") else column for column in scored.columns]
        found = []
        for place, position in enumerate(scored.positions.tolist()):
            cells = self._cells(self._rows[position])
            mine = [wanted[name](cell) if name in wanted else cell for name, cell in cells.items()]
            found.append([*mine, *(column[place] for column in plain)])
        return found

    def _cells(self, row: Row) -> Mapping[str, Any]:
        return row.cells if isinstance(row.cells, Mapping) else dict(zip(self.columns, row.cells, strict=False))

    @cached_property
    def _rows(self) -> list[Row]:
        return list(csv_files.read(self._data, self._job.header, first=self._first))

    @cached_property
    def _texts(self) -> list[bytes]:
        return csv_files.texts(self._data, first=self._first)


def append(texts: Sequence[bytes], columns: Sequence[Any], *, safe: bool) -> bytes:
    """Rows of CSV, each with one cell of each of the columns (arrays, lists of text, or lists of lists) behind it.

    ``safe`` keeps the columns' text from being taken for formulas; the rows are the caller's.
    """
    if not texts:
        return b""
    cells = [_as_cells(column, safe=safe) for column in columns]
    return b"\n".join(map(b",".join, zip(texts, *cells, strict=True))) + b"\n"


def _as_cells(column: Any, *, safe: bool) -> list[bytes]:
    """A column as cells; a list in a cell is JSON. Few texts, as names of classes are, are quoted once each."""
    if not isinstance(column, list):
        return csv_arrays.cells(column, safe=safe)
    if column and isinstance(column[0], list):
        import orjson

        return csv_arrays.cells([orjson.dumps(value).decode() for value in column], safe=safe)
    distinct = list(dict.fromkeys(column))
    return list(map(dict(zip(distinct, csv_arrays.cells(distinct, safe=safe), strict=True)).__getitem__, column))
