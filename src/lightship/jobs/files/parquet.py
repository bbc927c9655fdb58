"""Chunks of Parquet: columns keep their types, predictions are added as columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lightship.formats import parquet
from lightship.formats.base import Row, Span
from lightship.inputs.datafiles import columnar
from lightship.inputs.datafiles.layout import layout
from lightship.inputs.datafiles.rows import Prepared
from lightship.jobs.cloud import Cloud
from lightship.jobs.files import predictions
from lightship.jobs.files.predictions import Scored
from lightship.jobs.ledger.records import Chunk, Job
from lightship.jobs.ranges import open_file
from lightship.tensors import Signature


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
        return columnar.prepare(self._plain, self._lost, self._layout)

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

    def _rows(self, table: Any) -> Iterator[Row]:
        return parquet.rows_of(table, first=1)
