"""CSV and JSON Lines files, read as spans of whole rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from lightship import formats
from lightship.errors import InvalidInput
from lightship.formats.base import FIRST_BLOCK, Row, Span, Streamed
from lightship.inputs import tables
from lightship.inputs.datafiles import rows
from lightship.inputs.datafiles.layout import Layout, layout
from lightship.inputs.datafiles.rows import Prepared
from lightship.tensors import Signature

# Bytes of a span, unless a row is longer: as Python objects they take forty times as many.
_SPAN = 256 * 1024
_READ = 1024 * 1024


class TextFile:
    """File of rows of text; see :class:`lightship.evaluation.data.base.Data`."""

    target: str | None = None

    def __init__(self, path: Path, signature: Signature, *, header: bool | None) -> None:
        self.name = path.name
        self._path = path
        self._signature = signature
        self._format = _format(path)
        self._detected = header is None
        with path.open("rb") as file:
            first = self._first = file.read(FIRST_BLOCK)
        if not first:
            raise InvalidInput("the file is empty")
        self._is_table = self._format.NAME == "csv"
        own = [name for names in tables.columns_of(signature).values() for name in names]
        self._header = self._format.header(first, has_header=header, names=lambda: own) if first.strip() else None
        self.has_names = self._header is not None or not self._is_table
        self.columns: Collection[str] = self._header.columns if self._header else own
        if not self._is_table:
            self.columns = self._keys(first)

    def files(self) -> Iterator[Path]:
        """See :class:`lightship.evaluation.data.base.Data`."""
        yield self._path

    def blocks(self, targets: Collection[str] = ()) -> Iterator[TextBlock]:
        """See :class:`lightship.evaluation.data.base.Data`."""
        size = self._path.stat().st_size
        found = self._layout(targets)
        self._check_unique(targets)
        start = self._header.length if self._header else 0
        read = 0
        with self._path.open("rb") as stream, self._path.open("rb") as file:
            stream.seek(start)
            content = iter(partial(stream.read, _READ), b"")
            for span in self._format.scan(content, offset=start, row=1, target=_SPAN):
                file.seek(span.start)
                data = file.read(span.end - span.start)
                read += span.rows
                yield TextBlock(self, span, data, found, done=span.end / size)
        if not read:
            raise InvalidInput("the file has a header and no rows" if self._header else "the file is empty")

    def rows(self, data: bytes, first: int) -> Iterator[Row]:
        """Yield the rows of a span."""
        return self._format.read(data, self._header, first=first)  # type: ignore[attr-defined,no-any-return]

    @property
    def is_table(self) -> bool:
        """Return whether cells are text to be parsed."""
        return self._is_table

    def _layout(self, targets: Collection[str]) -> Layout:
        header = self._header if self._is_table else None
        return layout(self._signature, header, table=self._is_table, detected=self._detected, others=targets)

    def _check_unique(self, names: Collection[str]) -> None:
        """Raise InvalidInput where the header has one of the names twice."""
        if self._header is not None:
            self._format.header(self._first, has_header=True, names=lambda: names)

    def _keys(self, first: bytes) -> Collection[str]:
        """Return the columns that the first rows name."""
        whole = first[: first.rfind(b"\n") + 1] or first
        return dict.fromkeys(
            name for row in self.rows(whole, 1) if isinstance(row.cells, Mapping) for name in row.cells
        )


class TextBlock:
    """Rows of a span; see :class:`lightship.evaluation.data.base.Block`."""

    def __init__(self, file: TextFile, span: Span, data: bytes, found: Layout, *, done: float) -> None:
        self.first = span.first
        self.rows = span.rows
        self.done = done
        self._file = file
        self._data = data
        self._layout = found

    def prepare(self) -> Prepared:
        """See :class:`lightship.evaluation.data.base.Block`."""
        table = self._file.is_table
        fast = rows.from_csv(self._data, self._layout, first=self.first) if table else None
        return fast or rows.from_rows(self._rows, self._layout, text=table)

    def cells(self, column: str) -> Sequence[Any]:
        """See :class:`lightship.evaluation.data.base.Block`."""
        return [_named(row, self._file.columns).get(column) for row in self._rows]

    def file(self, position: int) -> str:
        """See :class:`lightship.evaluation.data.base.Block`."""
        return self._file.name

    def place(self, position: int) -> str:
        """See :class:`lightship.evaluation.data.base.Block`."""
        return f"{self._file.name}, row {self.first + position}"

    @cached_property
    def _rows(self) -> list[Row]:
        return list(self._file.rows(self._data, self.first))


def _format(path: Path) -> Streamed:
    return next(found for found in formats.STREAMED if found is formats.of(path.name))


def _named(row: Row, columns: Collection[str]) -> Mapping[str, Any]:
    if isinstance(row.cells, Mapping):
        return row.cells
    return dict(zip(columns, row.cells, strict=False))
