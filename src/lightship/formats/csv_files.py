"""CSV files of any size: cut at row ends, read and written. The dialect is that of ``csv``: RFC 4180, LF or CRLF.

What a row is must be the same for whoever cuts a file and for whoever reads a span of it, so one pattern decides on
both sides: a quoted field begins where a field begins, and a line end outside of quoted fields ends a row. Python's
strict csv reader agrees with it on every row that it takes; a span with rows that it refuses is taken apart by the
pattern.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from lightship.errors import InvalidInput
from lightship.formats import lines
from lightship.formats.base import FIRST_BLOCK, LONGEST_ROW, Header, Row, Span
from lightship.formats.csv import check_separator, columns, is_header, is_number

NAME = "csv"
SUFFIXES: tuple[str, ...] = (".csv",)
MEDIA_TYPE = "text/csv"

# A cell may be as long as a row: csv's own limit, 128 Ki characters, is a setting of the whole process.
csv.field_size_limit(LONGEST_ROW)

# A quoted field begins behind a comma, a line end or nothing; one that is never closed runs to the end.
_QUOTED = rb'"(?<![^,\r\n]")[^"]*+(?:""[^"]*+)*+(?:"|\Z)'
_FIELD = re.compile(_QUOTED)
_TOKEN = re.compile(_QUOTED + rb"|\r\n?|\n")
_LINE_ENDS = (b"\n", b"\r")

# What spreadsheets take for the beginning of a formula (OWASP: CSV injection), some of them behind blanks, some of them
# in full width too.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_INVISIBLE = ("\t", "\r", "\n")


def header(block: bytes, *, said: bool | None = None, names: Callable[[], Collection[str]] = tuple) -> Header | None:
    """The first row where somebody says so, none of its cells is a number, or all of ``names`` are among them.

    Raises InvalidInput for cells separated by something else than commas, for a name that stands twice, and for a
    header that cannot be read or is longer than FIRST_BLOCK.
    """
    data = lines.unmarked(block, first=1)
    row, length = next(_split(data), (b"", 0))
    check_separator(row.decode(errors="replace"), names)
    if said is False:
        return None
    endless = len(block) >= FIRST_BLOCK and data.endswith(row)
    cells = _cells(row.decode(errors="surrogateescape"))[: -1 if endless else None]
    if not said and not (cells and is_header(cells, names)):
        return None
    if endless:
        raise InvalidInput(f"the first row of the CSV is its header and longer than {FIRST_BLOCK // 1024} KiB")
    return Header(_names(row), length + len(block) - len(data)) if row else None


def scan(blocks: Iterable[bytes], *, offset: int, row: int, target: int) -> Iterator[Span]:
    """Cut at row ends; a line that holds nothing is no row."""
    return lines.spans(blocks, _cut, offset=offset, row=row, target=target)


def read(data: bytes, header: Header | None, *, first: int) -> Iterator[Row]:
    """Rows of text cells: by column where there is a header, in order and of any number where there is none."""
    data = lines.unmarked(data, first=first)
    number = first
    try:
        for cells in _rows(data.decode()):
            yield _row(number, cells, header)
            number += 1
    except (UnicodeDecodeError, csv.Error):
        for place, (text, _) in enumerate(_split(data), start=first):
            if place >= number:
                yield _row_of(place, text, header)


def texts(data: bytes, *, first: int, safe: bool = False) -> list[bytes]:
    """Each row of a span as it stands in the file, without its line end: cells can be appended to it.

    ``safe`` as for :func:`records`; it leaves a row that :func:`read` refuses as it is.
    """
    data = lines.unmarked(data, first=first)
    if b'"' in data:
        found = [text for text, _ in _split(data)]
    else:
        found = [text for text in data.replace(b"\r", b"\n").split(b"\n") if text]
    return [_harmless_text(text) for text in found] if safe else found


def preamble(columns: Sequence[str], *, safe: bool = False) -> bytes:
    """The header line."""
    return records([columns], safe=safe)[0] + b"\n"


def records(rows: Iterable[Sequence[Any]], *, safe: bool = False) -> list[bytes]:
    """Rows of text, numbers, truth values and None (an empty cell), without their line ends.

    ``safe`` puts an apostrophe before text that a spreadsheet would take for a formula; text that is a number is none.
    """
    found: list[str] = []
    # The writer quotes what holds a character of its line end: CR is quoted too, and LF ends a row all the same.
    writer = csv.writer(SimpleNamespace(write=found.append), lineterminator="\r\n")
    writer.writerows([_harmless(cell) for cell in row] for row in rows) if safe else writer.writerows(rows)
    return [text[:-2].encode() for text in found]


def without_quoted(data: bytes) -> bytes:
    """The data with a letter in place of each quoted field: what quotes remain are part of an unquoted one."""
    return _FIELD.sub(b"x", data)


def _cut(piece: bytes, last: bool) -> tuple[int, int]:
    end = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
    whole = piece[:end]
    if b'"' in whole:
        whole = without_quoted(whole)
        if not whole.endswith(_LINE_ENDS):  # the line end that was found is part of a field
            end = _last_row_end(piece[:end])
            whole = whole[: max(whole.rfind(b"\n"), whole.rfind(b"\r")) + 1]
    if last and not end:
        return len(piece), int(bool(piece))
    if b"\r" in whole:
        whole = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return end, lines.count(whole)


def _last_row_end(piece: bytes) -> int:
    return max((token.end() for token in _TOKEN.finditer(piece) if token[0].startswith(_LINE_ENDS)), default=0)


def _split(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Each row without its line end, and where the line end ends."""
    start = 0
    for token in _TOKEN.finditer(data):
        if token[0].startswith(_LINE_ENDS):
            if token.start() > start:
                yield data[start : token.start()], token.end()
            start = token.end()
    if start < len(data):
        yield data[start:], len(data)


def _rows(text: str) -> Iterator[list[str]]:
    return filter(None, csv.reader(io.StringIO(text, newline=""), strict=True))


def _row(number: int, cells: list[str], header: Header | None) -> Row:
    if header is None:
        return Row(number, cells)
    if len(cells) != len(header.columns):
        return Row(number, cells, f"ragged: {len(cells)} cells where the header has {len(header.columns)}")
    return Row(number, dict(zip(header.columns, cells, strict=True)))


def _row_of(number: int, text: bytes, header: Header | None) -> Row:
    try:
        return _row(number, next(_rows(text.decode())), header)
    except UnicodeDecodeError as error:
        return Row(number, error=f"not UTF-8: byte {error.start + 1} of the row cannot be read")
    except csv.Error as error:
        return Row(number, error=f"cannot be parsed: {error}")


def _cells(text: str) -> list[str]:
    """The cells of the first row; none where it is no row."""
    try:
        return next(_rows(text), [])
    except csv.Error:
        return []


def _names(row: bytes) -> tuple[str, ...]:
    try:
        cells = _cells(row.decode())
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the header of the CSV is not UTF-8: byte {error.start + 1} cannot be read") from None
    if not cells:
        raise InvalidInput("the first row of the CSV cannot be read as its header: a quote is wrong or never closed")
    return columns(cells)


def _harmless(cell: Any) -> Any:
    if not isinstance(cell, str) or not (cell.startswith(_INVISIBLE) or cell.lstrip().startswith(_FORMULA)):
        return cell
    return cell if is_number(cell) else f"'{cell}"


def _harmless_text(text: bytes) -> bytes:
    try:
        return records([next(_rows(text.decode()))], safe=True)[0]
    except (UnicodeDecodeError, csv.Error):
        return text
