"""CSV (RFC 4180) that is held whole: UTF-8 with or without a byte-order mark, LF or CRLF, quoted newlines."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from lightship.errors import InvalidInput

# Columns that a file may have where its reader names fewer: each costs more time than its comma takes to send.
MAX_COLUMNS = 10_000

# What separates the cells of files that spreadsheets save in some languages, and how a message calls it.
_SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}


@dataclass(frozen=True)
class Table:
    """Rows of text cells; ``header`` is None where the first row already holds values."""

    header: tuple[str, ...] | None
    rows: list[list[str]]


def read(data: bytes, *, said: bool | None = None, names: Collection[str] = ()) -> Table:
    """Parse a whole file. ``said`` is whether it has a header, else :func:`is_header` decides. Raises InvalidInput."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the CSV is not UTF-8: byte {error.start} cannot be read") from None
    line = io.StringIO(text.lstrip("\r\n")).readline()
    _check_width(line, names)
    check_separator(line, lambda: names)
    rows = filter(None, csv.reader(io.StringIO(text, newline=""), strict=True))
    try:
        return _table(rows, said, names)
    except csv.Error as error:
        raise InvalidInput(f"the CSV cannot be parsed: {error}") from None


def _table(rows: Iterator[list[str]], said: bool | None, names: Collection[str]) -> Table:
    """Read rows up to the first one that is wrong."""
    first = next(rows, None)
    if first is None:
        raise InvalidInput("the CSV is empty: send at least one row")
    header, found = None, [first]
    if is_header(first, lambda: names) if said is None else said:
        header, found = columns(first), []
    width = len(first)
    for number, row in enumerate(rows, start=2):
        if len(row) != width:
            raise InvalidInput(f"the CSV is ragged: row {number} has {len(row)} cells, the first has {width}")
        found.append(row)
    if not found:
        raise InvalidInput("the CSV holds a header and no rows: send at least one row")
    return Table(header, found)


def _check_width(line: str, names: Collection[str]) -> None:
    limit = max(MAX_COLUMNS, 4 * len(names))
    if (commas := line.count(",")) >= limit:
        raise InvalidInput(f"the first line of the CSV has {commas} commas: {limit} columns are the most")


def is_header(cells: Sequence[str], names: Callable[[], Collection[str]]) -> bool:
    """Whether a first row names columns: none of its cells is a number, or all of ``names`` are among them.

    Names that are all numbers themselves do not tell a header from values.
    """
    if not any(map(is_number, cells)):
        return True
    wanted = names()
    return not all(map(is_number, wanted)) and {cell.strip() for cell in cells}.issuperset(wanted)


def columns(cells: Sequence[str]) -> tuple[str, ...]:
    """The names in a header; raises InvalidInput for one that stands twice."""
    found = tuple(cell.strip() for cell in cells)
    known: set[str] = set()
    for name in found:
        if name in known:
            raise InvalidInput(f"the CSV has the column '{name[:80]}' twice: each needs a name of its own")
        known.add(name)
    return found


def check_separator(line: str, names: Callable[[], Collection[str]]) -> None:
    """Raise InvalidInput where a first line has the columns of ``names`` by another separator than the comma alone."""
    others = [separator for separator in _SEPARATORS if separator in line]
    if not others or _fits(line.split(","), wanted := names()):
        return
    for separator in others:
        if _fits(line.split(separator), wanted):
            raise InvalidInput(
                f"the cells of the CSV are separated by {_SEPARATORS[separator]}: separate them by commas, and write "
                "decimal numbers with a point"
            )


def _fits(cells: Sequence[str], wanted: Collection[str]) -> bool:
    """Whether cells are as many as several columns, or name one of them."""
    return len(wanted) > 1 and (
        len(cells) == len(wanted) or not {cell.strip(' \r"') for cell in cells}.isdisjoint(wanted)
    )


def is_number(cell: str) -> bool:
    """Whether a cell reads as a number; ``nan`` and ``inf`` do."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
