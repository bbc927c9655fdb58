"""Fast conversion of CSV spans to arrays and of arrays to cells.

It returns what :func:`lightship.formats.csv_files.read` would, or None: the caller then uses that function, which finds
the faulty row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from lightship import numerals
from lightship.formats import csv_files, lines
from lightship.formats.categories import Categories

# The widest dtype of each of numpy's kinds of number: cells are parsed as it, integers exactly.
_WIDEST = {"f": "float64", "i": "int64", "u": "uint64"}

# Rows that are joined at a time: cells as Python objects take many times their bytes.
_BLOCK = 65_536

# A quoted field whose closing quote is at the end of the field.
_CLOSED = re.compile(rb'"(?<![^,\r\n]")[^"]*+(?:""[^"]*+)*+"(?=[,\r\n]|\Z)')
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_CALL = re.compile(rb"[nN]\(")


def numbers(
    data: bytes, columns: Sequence[int], *, width: int, first: int, dtype: npt.DTypeLike = np.float64
) -> npt.NDArray[Any] | None:
    """Return columns (by position) of a span as an array [rows, columns].

    The dtype is floating or integer. ``width`` is the number of cells that every row must have, ``first`` the number of
    the first row. Returns None unless every row is valid and every cell is a number of the dtype, as defined by
    :mod:`lightship.numerals`.
    """
    wanted = np.dtype(dtype)
    data = lines.without_byte_order_mark(data, first=first)
    if width == 1:  # an empty line is a row, unless it ends the file
        data = data.rstrip(b"\r\n")
    if wanted.kind not in "fiu" or not _regular(data, wanted.kind):
        return None
    parsed = (_by_arrow if has_arrow() else _by_rows)(data, columns, width, wanted.kind)
    return None if parsed is None else _table(parsed, wanted)


def append(texts: Sequence[bytes], columns: Sequence[Any], *, safe: bool = False) -> bytes:
    """Append one cell of each column to each row, and end the rows by LF.

    For ``texts`` see :func:`lightship.formats.csv_files.texts`. A column is an array [rows] of numbers, Categories, a
    list of text, or a list of lists. ``safe`` escapes formulas in the columns, not in the rows.
    """
    blocks = (slice(first, first + _BLOCK) for first in range(0, len(texts), _BLOCK))
    return b"".join(_appended(texts[block], [column[block] for column in columns], safe=safe) for block in blocks)


def cells(values: Any, *, safe: bool = False) -> list[bytes]:
    """Return a column as cells, numbers as their shortest exact text."""
    array = np.asarray(values)
    if not len(array):
        return []
    if array.dtype.kind not in "fiub":
        return csv_files.records(([value] for value in values), safe=safe)
    texts = orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    if array.dtype.kind == "f":
        for index in np.flatnonzero(~np.isfinite(array)):  # JSON cannot represent NaN and infinities
            texts[index] = str(float(array[index])).encode()
    return texts


def has_arrow() -> bool:
    """Return whether pyarrow is installed."""
    try:
        import pyarrow.csv
    except ImportError:
        return False
    return bool(pyarrow.csv)


def _regular(data: bytes, kind: str) -> bool:
    """Return whether Python's and Arrow's parsers agree on the data."""
    if data.startswith(lines.BYTE_ORDER_MARK):  # Arrow removes it at the start of any span
        return False
    if not data.isascii() and not _is_utf8(data):
        return False
    if b'"' in data and b'"' in _CLOSED.sub(b"", data):
        return False
    if b"\r" in data and _LONE_RETURN.search(data):
        return False
    # Arrow parses 0x10 as an integer and nan(1) as a number; the grammar has neither.
    if kind == "f":
        return b"(" not in data or _CALL.search(data) is None
    return b"x" not in data and b"X" not in data


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _by_arrow(data: bytes, columns: Sequence[int], width: int, kind: str) -> list[npt.NDArray[Any]] | None:
    import pyarrow
    from pyarrow import csv as arrow

    names = [str(index) for index in range(width)]
    chosen = [names[index] for index in columns]
    dtype = pyarrow.type_for_alias(_WIDEST[kind])
    try:
        table = arrow.read_csv(
            pyarrow.BufferReader(data),
            read_options=arrow.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
            parse_options=arrow.ParseOptions(newlines_in_values=b'"' in data, ignore_empty_lines=width != 1),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(chosen, dtype), include_columns=chosen, null_values=[]
            ),
        )
    except pyarrow.ArrowInvalid:
        return None
    return [table[name].to_numpy() for name in chosen]


def _by_rows(data: bytes, columns: Sequence[int], width: int, kind: str) -> list[npt.NDArray[Any]] | None:
    parse, dtype = numerals.real if kind == "f" else numerals.integer, _WIDEST[kind]
    try:
        rows = [row for row in csv.reader(io.StringIO(data.decode(), newline=""), strict=True) if row or width == 1]
        if any(len(row) != width for row in rows):
            return None
        return [np.array([parse(row[index]) for row in rows], dtype) for index in columns]
    except (ValueError, OverflowError, csv.Error):
        return None


def _table(parsed: list[npt.NDArray[Any]], dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    """Return the columns as one array; None where an integer exceeds the dtype."""
    table = np.empty((len(parsed[0]) if parsed else 0, len(parsed)), dtype)
    for index, column in enumerate(parsed):
        if dtype.kind != "f" and len(column):
            limits = np.iinfo(dtype)
            if column.min() < limits.min or column.max() > limits.max:
                return None
        with np.errstate(over="ignore"):
            table[:, index] = column
    return table


def _appended(texts: Sequence[bytes], columns: Sequence[Any], *, safe: bool) -> bytes:
    added = [_as_cells(column, safe=safe) for column in columns]
    return b"\n".join(map(b",".join, zip(texts, *added, strict=True))) + b"\n"


def _as_cells(column: Any, *, safe: bool) -> list[bytes]:
    """Return a column as cells; lists become JSON.

    Each distinct text is quoted once: columns such as class names repeat few texts.
    """
    if isinstance(column, Categories):
        return list(map(cells(column.names, safe=safe).__getitem__, column.codes.tolist()))
    if not isinstance(column, list):
        return cells(column, safe=safe)
    if column and isinstance(column[0], list):
        return cells([orjson.dumps(value).decode() for value in column], safe=safe)
    distinct = list(dict.fromkeys(column))
    return list(map(dict(zip(distinct, cells(distinct, safe=safe), strict=True)).__getitem__, column))
