"""CSV (RFC 4180) in memory: UTF-8, LF or CRLF, quoted newlines.

A byte-order mark is accepted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from lightship.errors import InvalidInput
from lightship.formats import workbooks

# Maximum number of columns, or four times the expected columns if that is more: parsing a column costs more than
# sending its comma.
MAX_COLUMNS = 10_000

_BOOLEANS = frozenset({"true", "false"})

# Separators in files that spreadsheets save in some languages, with their names in messages.
_SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}


@dataclass(frozen=True)
class Table:
    """Table of text cells; ``header`` is None where the first row holds values."""

    header: tuple[str, ...] | None
    rows: list[list[str]]


def read(data: bytes, *, has_header: bool | None = None, names: Collection[str] = ()) -> Table:
    """Parse a whole file; raises InvalidInput.

    ``has_header`` is whether it has a header, None to detect it by :func:`is_header`.
    """
    workbooks.check(data, "the CSV")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the CSV is not UTF-8: byte {error.start} cannot be read") from None
    line = io.StringIO(text.lstrip("\r\n")).readline()
    _check_width(line, names)
    check_separator(line, lambda: names)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return _table(filter(None, reader), has_header, names)
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num} of the CSV cannot be parsed: {error}") from None


def _table(rows: Iterator[list[str]], has_header: bool | None, names: Collection[str]) -> Table:
    """Return the table of rows; raises InvalidInput at the first wrong row."""
    first = next(rows, None)
    if first is None:
        raise InvalidInput("the CSV is empty: send at least one row")
    header, body = None, [first]
    if is_header(first, lambda: names) if has_header is None else has_header:
        header, body = columns(first), []
    for row in rows:
        if len(row) != len(first):
            expected = f"{'the first row' if header is None else 'the header'} has {len(first)}"
            raise InvalidInput(f"ragged: {len(row)} cells where {expected}", row=len(body))
        body.append(row)
    return Table(header, body)


def _check_width(line: str, names: Collection[str]) -> None:
    limit = max(MAX_COLUMNS, 4 * len(names))
    if (commas := line.count(",")) >= limit:
        raise InvalidInput(f"the first line of the CSV has {commas} commas: the limit is {limit} columns")


def is_header(cells: Sequence[str], names: Callable[[], Collection[str]]) -> bool:
    """Return whether a first row is a header.

    It is if it has a cell and none is a number, true or false, or if it holds all of ``names`` and not all of these are
    numbers.
    """
    if any(map(str.strip, cells)) and not any(map(_is_value, cells)):
        return True
    wanted = names()
    return not all(map(is_number, wanted)) and {cell.strip() for cell in cells}.issuperset(wanted)


def columns(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the names in a header; raises InvalidInput for a duplicate."""
    names = tuple(cell.strip() for cell in cells)
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidInput(f"the CSV has the column '{name[:80]}' twice: column names must be unique")
        seen.add(name)
    return names


def check_separator(line: str, names: Callable[[], Collection[str]]) -> None:
    """Raise InvalidInput where a first line fits ``names`` by another separator only.

    Nothing is raised where it fits by the comma too.
    """
    others = [separator for separator in _SEPARATORS if separator in line]
    if not others or _fits(line.split(","), wanted := names()):
        return
    for separator in others:
        if _fits(line.split(separator), wanted):
            raise InvalidInput(
                f"the cells of the CSV are separated by {_SEPARATORS[separator]}: separate them by commas, and write "
                f"decimal numbers with a point; `python -c \"import pandas; pandas.read_csv('FILE', sep={separator!r}, "
                "decimal=',').to_csv('FILE.csv', index=False)\"` does both"
            )


def _fits(cells: Sequence[str], wanted: Collection[str]) -> bool:
    """Return whether the cells match the columns by one name, or several by number."""
    named = not {cell.strip(' \r\n"') for cell in cells}.isdisjoint(wanted)
    return named or len(cells) == len(wanted) > 1


def _is_value(cell: str) -> bool:
    return is_number(cell) or cell.strip().lower() in _BOOLEANS


def is_number(cell: str) -> bool:
    """Return whether a cell is a number for ``float()``, such as ``nan`` or ``inf``."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
