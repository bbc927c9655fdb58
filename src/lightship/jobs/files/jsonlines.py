"""Chunks of JSON lines: rows keep their text, and predictions are added as fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import orjson

from lightship.formats import jsonlines, parquet
from lightship.formats.base import Row
from lightship.formats.parquet import Column
from lightship.inputs import kind_of
from lightship.inputs.cells import WIDEST
from lightship.inputs.datafiles import rows
from lightship.inputs.datafiles.layout import cells_of, layout, typed_cells
from lightship.inputs.datafiles.rows import Prepared
from lightship.jobs.cloud import Cloud
from lightship.jobs.files import predictions
from lightship.jobs.files.csv import read_span
from lightship.jobs.files.predictions import Scored
from lightship.jobs.ledger.records import Chunk, Job
from lightship.tensors import Signature

# The output's field for a row that is a list, not an object.
_INPUT = "input"


def own_columns(job: Job, signature: Signature) -> tuple[str, ...]:
    """See :func:`lightship.jobs.files.contents.own_columns`: each row names its own."""
    return ()


def open_chunk(job: Job, chunk: Chunk, signature: Signature, cloud: Cloud) -> Documents:
    """See :func:`lightship.jobs.files.contents.open_chunk`."""
    return Documents(read_span(job, chunk, cloud), job, chunk, signature)


class Documents:
    """JSON rows of a chunk; see :class:`lightship.jobs.files.contents.Content`."""

    columns: tuple[str, ...] = ()

    def __init__(self, data: bytes, job: Job, chunk: Chunk, signature: Signature) -> None:
        self._job = job
        self._layout = layout(signature, None, table=False)
        self._rows: list[Row] = list(jsonlines.read(data, None, first=chunk.first))
        self._texts = jsonlines.texts(data, first=chunk.first)

    @cached_property
    def fields(self) -> Collection[str]:
        """See :class:`lightship.jobs.files.contents.Content`."""
        return dict.fromkeys(name for row in self._rows if not row.error for name in _fields(row))

    def prepare(self) -> Prepared:
        """See :class:`lightship.jobs.files.contents.Content`."""
        return rows.from_rows(self._rows, self._layout, text=False)

    def cells(self, column: str, positions: Sequence[int]) -> list[Any]:
        """See :class:`lightship.jobs.files.contents.Content`."""
        return [_fields(self._rows[position]).get(column) for position in positions]

    def text(self, position: int) -> str:
        """See :class:`lightship.jobs.files.contents.Content`."""
        return self._texts[position].decode(errors="backslashreplace")

    def write(self, scored: Scored, names: Sequence[str]) -> bytes:
        """See :class:`lightship.jobs.files.contents.Content`."""
        positions = scored.positions.tolist()
        if self._job.output_format == "parquet":
            return self._parquet(positions, scored, names)
        fields = [b"%s:%%b" % orjson.dumps(name).replace(b"%", b"%%") for name in names]
        template = b",".join(fields) + b"}\n"
        tokens = zip(*map(_tokens, scored.columns), strict=True)
        return b"".join(
            self._unclosed(position, names) + template % token
            for position, token in zip(positions, tokens, strict=True)
        )

    def _unclosed(self, position: int, names: Sequence[str]) -> bytes:
        """Return a row's JSON with a comma, if it has fields, for its closing brace."""
        cells = self._rows[position].cells
        if not cells and isinstance(cells, Mapping):
            return b"{"
        if not isinstance(cells, Mapping):
            return b'{"%s":%b,' % (_INPUT.encode(), self._texts[position])
        kept = self._kept(cells, names)
        return (self._texts[position] if kept is cells else orjson.dumps(kept))[:-1] + b","

    def _kept(self, cells: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
        """Return a row's fields, renaming those that have the name of a prediction."""
        if not any(name in cells for name in names):
            return cells
        used = {*cells, *names, *chain.from_iterable(self._types)}
        kept = {}
        for name, cell in cells.items():
            key = predictions.unused_name(f"{name}_{_INPUT}", used) if name in names else name
            used.add(key)
            kept[key] = cell
        return kept

    def _parquet(self, positions: list[int], scored: Scored, names: Sequence[str]) -> bytes:
        """Return the rows as Parquet, with a column for each field that any row has.

        Columns that the model takes have its type, all others are strings.
        """
        records = [self._kept(typed_cells(self._rows[position].cells, self._layout), names) for position in positions]
        cells, whole = self._types
        types = cells | whole
        fields = dict.fromkeys(name for record in records for name in record) or cells or whole
        columns = [
            Column(name, [record.get(name) for record in records], *types.get(name, ()))
            for name in fields
            if name not in names
        ]
        return parquet.build([*columns, *predictions.typed_columns(self._layout.signature, names, scored)])

    @cached_property
    def _types(self) -> tuple[dict[str, tuple[str, int]], dict[str, tuple[str, int]]]:
        """Return dtype and list depth of the model's columns, and of its whole inputs."""
        own = [name for names in self._layout.columns.values() for name in names]
        cells = {name: (cell.dtype, 0) for name, cell in cells_of(self._layout, own).items()}
        whole = {
            spec.name: (WIDEST[spec.numpy.kind], len(spec.row_shape))
            for spec in self._layout.signature.inputs
            if kind_of(spec).is_nested(spec) and self._layout.columns.get(spec.name) != (spec.name,)
        }
        return cells, whole


def _fields(row: Row) -> Mapping[str, Any]:
    return row.cells if isinstance(row.cells, Mapping) else {_INPUT: row.cells}


def _tokens(column: Any) -> list[bytes]:
    """Return a column's values as JSON; NaN and infinities are null."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "fiu" and len(column):
        data = orjson.dumps(np.ascontiguousarray(column), option=orjson.OPT_SERIALIZE_NUMPY)
        return data[1:-1].split(b",")
    values = column.tolist() if isinstance(column, np.ndarray) else column
    return [bytes(memoryview(orjson.dumps(value))) for value in values]  # copied, as orjson's result occupies 4 KiB
