"""CSV (RFC 4180) in memory: UTF-8, LF or CRLF, quoted newlines.

A byte-order mark is accepted.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, repeat

from lightship.errors import InvalidInput
from lightship.formats import workbooks

# Maximum number of columns, or four times the expected columns if that is more: parsing a column costs more than
# sending its comma.
MAX_COLUMNS = 10_000

_BOOLEANS = frozenset({"true", "false"})

# Words for missing values, in lower case: a row of them alone is not a header.
_MISSING = frozenset({"", "-", "?", "na", "n/a", "#n/a", "<na>", "nan", "nil", "none", "null", "missing"})

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
    reader = csv.reader(io.StringIO(text.rstrip("\r\n"), newline=""), strict=True)
    try:
        return _table(reader, has_header, names)
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num} of the CSV cannot be parsed: {error}") from None


def rows(lines: Iterator[list[str]], *, one_column: bool) -> Iterator[list[str]]:
    """Yield the rows among parsed lines.

    In a file of one column an empty line is a row with an empty cell, in any other it is no row. Empty lines at the end
    of a file are no rows: remove them before.
    """
    return (line or [""] for line in lines) if one_column else filter(None, lines)


def _table(lines: Iterator[list[str]], has_header: bool | None, names: Collection[str]) -> Table:
    """Return the table of lines; raises InvalidInput at the first wrong row."""
    empty, first = _first(lines)
    header = None
    body: list[list[str]] = []
    if is_header(first, lambda: names) if has_header is None else has_header:
        header = columns(first, lambda: names)
    else:
        lines = chain(repeat([], empty), [first], lines)
    for row in rows(lines, one_column=len(first) == 1):
        if len(row) != len(first):
            expected = f"{'the first row' if header is None else 'the header'} has {len(first)}"
            raise InvalidInput(f"ragged: {len(row)} cells where {expected}", row=len(body))
        body.append(row)
    return Table(header, body)


def _first(lines: Iterator[list[str]]) -> tuple[int, list[str]]:
    """Return the number of empty lines before the first other line, and that line."""
    for number, line in enumerate(lines):
        if line:
            return number, line
    raise InvalidInput("the CSV is empty: send at least one row")


def _check_width(line: str, names: Collection[str]) -> None:
    limit = max(MAX_COLUMNS, 4 * len(names))
    if (commas := line.count(",")) >= limit:
        raise InvalidInput(f"the first line of the CSV has {commas} commas: the limit is {limit} columns")


def is_header(cells: Sequence[str], names: Callable[[], Collection[str]]) -> bool:
    """Return whether a first row is a header.

    It is if no cell is a number, true or false and not all are words for missing values, or if it holds all of
    ``names`` and not all of these are numbers.
    """
    if not any(map(_is_value, cells)) and not _MISSING.issuperset(cell.strip().lower() for cell in cells):
        return True
    wanted = names()
    return not all(map(_is_number, wanted)) and {cell.strip() for cell in cells}.issuperset(wanted)


def columns(cells: Sequence[str], names: Callable[[], Collection[str]]) -> tuple[str, ...]:
    """Return the names in a header, each once.

    A repeated one gets a number that no column has, such as ``a_2``. Raises InvalidInput where it is one of ``names``,
    which are read.
    """
    found = tuple(cell.strip() for cell in cells)
    if len(set(found)) == len(found):
        return found
    wanted = frozenset(names())
    for name, number in Counter(found).items():
        if number > 1 and name in wanted:
            raise InvalidInput(f"the CSV has the column '{name[:80]}' twice: rename one of them")
    return tuple(_numbered(found, wanted.union(found)))


def _numbered(names: Sequence[str], taken: Collection[str]) -> Iterator[str]:
    """Yield names, the repeated ones with a number and not in ``taken``."""
    numbers: dict[str, Iterator[int]] = {}
    for name in names:
        if name in numbers:
            yield next(option for number in numbers[name] if (option := f"{name}_{number}") not in taken)
        else:
            numbers[name] = count(2)
            yield name


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
    return _is_number(cell) or cell.strip().lower() in _BOOLEANS


def _is_number(cell: str) -> bool:
    """Return whether a cell looks like a number, as ``1_000`` does, too."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
