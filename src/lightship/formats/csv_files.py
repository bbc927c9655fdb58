"""CSV files of any size: RFC 4180, LF or CRLF.

Splitting a file and reading its spans must agree on what a row is, so both use one pattern: a quoted field begins where
a field begins, and a line end outside of quoted fields ends a row. Python's strict csv reader agrees with the pattern
on every row that it accepts; a span with rows that it refuses is split by the pattern.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from lightship import numerals
from lightship.errors import InvalidInput
from lightship.formats import lines, workbooks
from lightship.formats.base import FIRST_BLOCK, LONGEST_ROW, Header, Row, Span
from lightship.formats.csv import check_separator, columns, is_header, rows

NAME = "csv"
SUFFIXES: tuple[str, ...] = (".csv",)
MEDIA_TYPE = "text/csv"

# A cell may be as long as a row. This limit of the csv module, 128 Ki characters by default, is global to the process.
csv.field_size_limit(LONGEST_ROW)

# A quoted field begins after a comma, a line end or the start; one that is never closed extends to the end.
_QUOTED = rb'"(?<![^,\r\n]")[^"]*+(?:""[^"]*+)*+(?:"|\Z)'
_FIELD = re.compile(_QUOTED)
_TOKEN = re.compile(_QUOTED + rb"|\r\n?|\n")
_LINE_ENDS = (b"\n", b"\r")
_CRLF = b"\r\n"

# Characters that begin a formula in spreadsheets (OWASP: CSV injection), in some also after blanks or in full width.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_INVISIBLE = ("\t", "\r", "\n")


def header(
    block: bytes, *, has_header: bool | None = None, names: Callable[[], Collection[str]] = tuple
) -> Header | None:
    """Return the first row if it is a header; see :meth:`Streamed.header`.

    It is if ``has_header`` is True, or by :func:`lightship.formats.csv.is_header`. Raises InvalidInput for another
    separator than the comma, one of ``names`` twice, and a header that is malformed or longer than FIRST_BLOCK.
    """
    workbooks.check(block, "the CSV file")
    data = lines.without_byte_order_mark(block, first=1)
    row, length = next(_split(data), (b"", 0))
    check_separator(row.decode(errors="replace"), names)
    if has_header is False:
        return None
    truncated = len(block) >= FIRST_BLOCK and data.endswith(row)
    cells = _cells(row.decode(errors="surrogateescape"))[: -1 if truncated else None]
    if not has_header and not (cells and is_header(cells, names)):
        return None
    if truncated:
        raise InvalidInput(f"the header of the CSV is longer than {FIRST_BLOCK // 1024} KiB")
    return Header(_names(row, names), length + len(block) - len(data)) if row else None


def scan(
    blocks: Iterable[bytes], *, offset: int, row: int, target: int, names: Callable[[], Collection[str]] = tuple
) -> Iterator[Span]:
    """Split at row ends; for empty lines see :func:`lightship.formats.csv.rows`."""
    cut = _cut_column if len(names()) == 1 else _cut
    return lines.spans(blocks, cut, offset=offset, row=row, target=target)


def read(data: bytes, header: Header | None, *, first: int, one_column: bool = False) -> Iterator[Row]:
    """Yield rows of text cells, by column with a header, else in order.

    Without a header rows may have any number of cells. With ``one_column`` an empty line between rows is a row.
    """
    data = _content(data, first=first, one_column=one_column)
    number = first
    try:
        for cells in _rows(data.decode(), one_column=one_column):
            yield _row(number, cells, header)
            number += 1
    except (UnicodeDecodeError, csv.Error):
        for position, (text, _) in enumerate(_split(data, one_column=one_column), start=first):
            if position >= number:
                yield _row_of(position, text, header)


def texts(data: bytes, *, first: int, safe: bool = False, one_column: bool = False) -> list[bytes]:
    """Return the bytes of each row of a span without its line end.

    Cells can be appended to them. ``safe`` as for :func:`records`; rows that :func:`read` refuses are unchanged.
    ``one_column`` as for :func:`read`.
    """
    data = _content(data, first=first, one_column=one_column)
    if b'"' in data:
        found = [text for text, _ in _split(data, one_column=one_column)]
    else:
        found = [text for text in _with_line_feeds(data).split(b"\n") if text or one_column] if data else []
    return [_escaped_row(text) for text in found] if safe else found


def preamble(columns: Sequence[str], *, safe: bool = False) -> bytes:
    """Return the header line."""
    return records([columns], safe=safe)[0] + b"\n"


def records(rows: Iterable[Sequence[Any]], *, safe: bool = False) -> list[bytes]:
    """Return rows of text, numbers, booleans and None (an empty cell) as CSV lines.

    The lines have no line ends. ``safe`` puts an apostrophe before text that a spreadsheet would evaluate as a formula;
    text that is a number is unchanged.
    """
    output: list[str] = []
    # The writer quotes cells with a character of its line end: with CRLF also those with CR.
    writer = csv.writer(SimpleNamespace(write=output.append), lineterminator="\r\n")
    writer.writerows([_escaped(cell) for cell in row] for row in rows) if safe else writer.writerows(rows)
    return [text[:-2].encode() for text in output]


def without_quoted(data: bytes) -> bytes:
    """Return the data with ``x`` for each quoted field.

    Remaining quotes are part of unquoted fields.
    """
    return _FIELD.sub(b"x", data)


def _cut(piece: bytes, last: bool) -> tuple[int, int]:
    end, whole = _whole(piece)
    if last and not end:
        return len(piece), int(bool(piece))
    return end, lines.count(whole)


def _cut_column(piece: bytes, last: bool) -> tuple[int, int]:
    """Cut a file of one column after a line that is not empty.

    The empty lines after it are rows only if another such line follows.
    """
    if last:
        body = piece.rstrip(_CRLF)
        return len(piece), _whole(body)[1].count(b"\n") + bool(body)
    end, whole = _whole(piece.removesuffix(b"\r"))  # LF may follow
    body = piece[:end].rstrip(_CRLF)
    if not body:
        return 0, 0
    return len(body) + 1 + piece.startswith(b"\r\n", len(body)), whole.rstrip(b"\n").count(b"\n") + 1


def _whole(piece: bytes) -> tuple[int, bytes]:
    """Return where the last whole row ends, and the bytes before that.

    In these, quoted fields are replaced and line ends are LF.
    """
    end = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
    whole = piece[:end]
    if b'"' in whole:
        whole = without_quoted(whole)
        if not whole.endswith(_LINE_ENDS):  # the last line end is inside a quoted field
            end = _last_row_end(piece[:end])
            whole = whole[: max(whole.rfind(b"\n"), whole.rfind(b"\r")) + 1]
    return end, _with_line_feeds(whole)


def _with_line_feeds(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _content(data: bytes, *, first: int, one_column: bool) -> bytes:
    """Return a span without a byte-order mark, and without empty lines at its end."""
    data = lines.without_byte_order_mark(data, first=first)
    return data.rstrip(_CRLF) if one_column else data


def _last_row_end(piece: bytes) -> int:
    return max((token.end() for token in _TOKEN.finditer(piece) if token[0].startswith(_LINE_ENDS)), default=0)


def _split(data: bytes, *, one_column: bool = False) -> Iterator[tuple[bytes, int]]:
    """Yield each row without its line end, and the position after the line end.

    With ``one_column`` empty lines are rows.
    """
    start = 0
    for token in _TOKEN.finditer(data):
        if token[0].startswith(_LINE_ENDS):
            if one_column or token.start() > start:
                yield data[start : token.start()], token.end()
            start = token.end()
    if start < len(data):
        yield data[start:], len(data)


def _rows(text: str, *, one_column: bool = False) -> Iterator[list[str]]:
    return rows(csv.reader(io.StringIO(text, newline=""), strict=True), one_column=one_column)


def _row(number: int, cells: list[str], header: Header | None) -> Row:
    if header is None:
        return Row(number, cells)
    if len(cells) != len(header.columns):
        return Row(number, cells, f"ragged: {len(cells)} cells where the header has {len(header.columns)}")
    return Row(number, dict(zip(header.columns, cells, strict=True)))


def _row_of(number: int, text: bytes, header: Header | None) -> Row:
    try:
        return _row(number, next(_rows(text.decode()), [""]), header)
    except UnicodeDecodeError as error:
        return Row(number, error=f"not UTF-8: byte {error.start + 1} of the row cannot be read")
    except csv.Error as error:
        return Row(number, error=f"cannot be parsed: {error}")


def _cells(text: str) -> list[str]:
    """Return the cells of the first row; empty where it cannot be parsed."""
    try:
        return next(_rows(text), [])
    except csv.Error:
        return []


def _names(row: bytes, expected: Callable[[], Collection[str]]) -> tuple[str, ...]:
    try:
        cells = _cells(row.decode())
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the header of the CSV is not UTF-8: byte {error.start + 1} cannot be read") from None
    if not cells:
        raise InvalidInput("the first row of the CSV cannot be read as its header: a quote is wrong or never closed")
    return columns(cells, expected)


def _escaped(cell: Any) -> Any:
    if not isinstance(cell, str) or not (cell.startswith(_INVISIBLE) or cell.lstrip().startswith(_FORMULA)):
        return cell
    return cell if numerals.is_number(cell) else f"'{cell}"


def _escaped_row(text: bytes) -> bytes:
    try:
        return records([next(_rows(text.decode()), [""])], safe=True)[0]
    except (UnicodeDecodeError, csv.Error):
        return text
