"""Fast appending of columns to unchanged CSV rows, without an object per row.

It handles data without quotes and carriage returns; for any other it returns None, and rows are joined one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import orjson

from lightship.formats import csv_arrays
from lightship.formats.categories import Categories
from lightship.formats.csv_arrays import has_arrow

# Rows that are joined at a time: their memory is used again for the next ones.
_BLOCK = 32_768

_NEWLINE, _COMMA = b"\n"[0], b","[0]


def append(data: bytes, added: Sequence[Any]) -> list[bytes | memoryview] | None:
    """Append one cell of each column to each row, and end the rows by LF.

    Returns the text in pieces; joined, it equals that of :func:`lightship.formats.csv_arrays.append`. ``data`` holds
    whole rows without a byte-order mark, a column is an array [rows] of numbers, Categories or a list of text. Returns
    None unless every line is a row that ends with LF (the last one may end with the file) and every column has one cell
    per row.
    """
    if b'"' in data or b"\r" in data or not all(map(_simple, added)) or not has_arrow():
        return None
    import pyarrow
    from pyarrow import compute

    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    if not data or data.startswith(b"\n") or (np.diff(ends) == 1).any():
        return None
    if any(len(column) != len(ends) for column in added):
        return None
    bounds = np.concatenate([[0], ends])  # each row but the first begins with the newline before it
    pieces = []
    for first in range(0, len(ends), _BLOCK):
        last = first + _BLOCK
        rows = _slices(data, bounds[first : last + 1])
        cells = map(_cells, _grouped([column[first:last] for column in added]))
        joined = compute.binary_join_element_wise(rows, *cells, pyarrow.scalar(b"", pyarrow.large_binary()))
        if joined.null_count:
            return None
        pieces.append(memoryview(joined.buffers()[2]).cast("B"))
    return [*pieces, b"\n"]


def _simple(column: Any) -> bool:
    if isinstance(column, np.ndarray):
        return column.ndim == 1 and column.dtype.kind in "fiub"
    return isinstance(column, Categories) or (isinstance(column, list) and isinstance((column or [""])[0], str))


def _grouped(columns: Sequence[Any]) -> Iterator[Any]:
    """Yield the columns, adjacent ones of finite numbers of one dtype as a table."""
    for _, group in groupby(enumerate(columns), _kind):
        found = [column for _, column in group]
        yield np.stack(found, axis=1) if isinstance(found[0], np.ndarray) and len(found) > 1 else found[0]


def _kind(numbered: tuple[int, Any]) -> Any:
    """Return the dtype of a column of finite numbers, the position of any other."""
    position, column = numbered
    return column.dtype if isinstance(column, np.ndarray) and np.isfinite(column).all() else position


def _slices(data: bytes, offsets: Any) -> Any:
    """Return an Arrow array of the bytes between adjacent offsets, without copying."""
    import pyarrow

    buffers = [None, pyarrow.py_buffer(offsets.astype(np.int64)), pyarrow.py_buffer(data)]
    return pyarrow.LargeBinaryArray.from_buffers(pyarrow.large_binary(), len(offsets) - 1, buffers)


def _cells(column: Any) -> Any:
    """Return the cells of a column, or of the rows of a table, each after a comma."""
    import pyarrow

    if isinstance(column, np.ndarray) and np.isfinite(column).all():
        # A JSON list has the commas of CSV cells: with a number before them, every cell follows a comma.
        listed = np.concatenate([np.zeros(1, column.dtype), column.ravel()])
        data = orjson.dumps(listed, option=orjson.OPT_SERIALIZE_NUMPY)
        width = column.shape[1] if column.ndim == 2 else 1
        starts = np.flatnonzero(np.frombuffer(data, np.uint8) == _COMMA)[::width]
        return _slices(data, np.append(starts, len(data) - 1))
    if isinstance(column, np.ndarray):
        return pyarrow.array([b"," + cell for cell in csv_arrays.cells(column)], pyarrow.large_binary())
    if isinstance(column, Categories):
        names = pyarrow.array([b"," + cell for cell in csv_arrays.cells(column.names)], pyarrow.large_binary())
        return names.take(pyarrow.array(column.codes))
    distinct = pyarrow.array(column, pyarrow.large_string()).dictionary_encode()
    cells = [b"," + cell for cell in csv_arrays.cells(distinct.dictionary.to_pylist())]
    return pyarrow.array(cells, pyarrow.large_binary()).take(distinct.indices)
