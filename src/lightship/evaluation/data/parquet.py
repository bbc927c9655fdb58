"""Parquet files, read by row groups."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightship.errors import InvalidInput
from lightship.evaluation.data.base import ROWS, text
from lightship.formats import parquet
from lightship.formats.base import Row, Span
from lightship.inputs.datafiles import columnar
from lightship.inputs.datafiles.layout import Layout, layout
from lightship.inputs.datafiles.rows import Prepared
from lightship.tensors import Signature

# Row groups of at most this many bytes are read together.
_SPAN = 16 * 1024 * 1024


class ParquetFile:
    """Parquet file; see :class:`lightship.evaluation.data.base.Data`."""

    target: str | None = None
    has_names: bool = True

    def __init__(self, path: Path, signature: Signature) -> None:
        self.name = path.name
        self._path = path
        self._signature = signature
        with path.open("rb") as file:
            self._header, self._spans = parquet.plan(file, target=_SPAN)
        self.columns: Collection[str] = self._header.columns

    def files(self) -> Iterator[Path]:
        """See :class:`lightship.evaluation.data.base.Data`."""
        yield self._path

    def blocks(self, targets: Collection[str] = ()) -> Iterator[ParquetBlock]:
        """See :class:`lightship.evaluation.data.base.Data`."""
        found = layout(self._signature, self._header, table=False, others=targets)
        if not self._spans:
            raise InvalidInput("the file has no rows")
        last = self._spans[-1].first + self._spans[-1].rows - 1
        for span in self._spans:
            with self._path.open("rb") as file:
                table, damage = parquet.table(file, span)
            lost = parquet.error_rows(span, table, damage)
            yield from self._of_span(span, table, lost, found, last)

    def _of_span(self, span: Span, table: Any, lost: list[Row], found: Layout, last: int) -> Iterator[ParquetBlock]:
        for start in range(0, table.num_rows, ROWS):
            part = table.slice(start, ROWS)
            first = span.first + start
            yield ParquetBlock(self.name, part, [], found, first=first, done=(first + part.num_rows - 1) / last)
        if lost:
            first = span.first + table.num_rows
            yield ParquetBlock(self.name, table.slice(0, 0), lost, found, first=first, done=first / last)


@dataclass
class ParquetBlock:
    """Rows of a table; see :class:`lightship.evaluation.data.base.Block`.

    ``lost`` are rows after those of the ``pyarrow.Table`` that could not be read.
    """

    name: str
    table: Any
    lost: list[Row]
    layout: Layout
    first: int
    done: float
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        self.rows = self.table.num_rows + len(self.lost)

    def prepare(self) -> Prepared:
        """See :class:`lightship.evaluation.data.base.Block`."""
        return columnar.prepare(parquet.without_decimals(self.table), self.lost, self.layout)

    def cells(self, column: str) -> Sequence[Any]:
        """See :class:`lightship.evaluation.data.base.Block`."""
        if column not in self.table.column_names:
            return [None] * self.rows
        found = parquet.rows_of(self.table.select([column]), first=1)
        cells = [None if row.error else text(parquet.number(dict(row.cells)[column])) for row in found]
        return [*cells, *([None] * len(self.lost))]

    def file(self, position: int) -> str:
        """See :class:`lightship.evaluation.data.base.Block`."""
        return self.name

    def place(self, position: int) -> str:
        """See :class:`lightship.evaluation.data.base.Block`."""
        return f"{self.name}, row {self.first + position}"
