"""JSON Lines: one JSON value per line.

A value is an object of columns or of a model's inputs, or a list of cells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from lightship.formats import lines
from lightship.formats.base import Header, Row, Span

NAME = "jsonlines"
SUFFIXES: tuple[str, ...] = (".jsonl", ".ndjson")
MEDIA_TYPE = "application/x-ndjson"


def header(
    block: bytes, *, has_header: bool | None = None, names: Callable[[], Collection[str]] = tuple
) -> Header | None:
    """Return None: there is no header, an object names its own columns."""
    return None


def scan(
    blocks: Iterable[bytes], *, offset: int, row: int, target: int, names: Callable[[], Collection[str]] = tuple
) -> Iterator[Span]:
    """Split at line ends: JSON strings cannot contain newlines."""
    return lines.spans(blocks, _cut, offset=offset, row=row, target=target)


def read(data: bytes, header: Header | None, *, first: int) -> Iterator[Row]:
    """Yield the value of each line that is not empty.

    The caller resolves ``{"input": …}``, which depends on the model. NaN, infinities and numbers of any size are read
    as Python's json reads them; integers beyond 64 bits become floats.
    """
    for number, text in enumerate(texts(data, first=first), start=first):
        yield _row(number, text)


def texts(data: bytes, *, first: int) -> list[bytes]:
    """Return the bytes of each row of a span, without surrounding spaces."""
    return [
        text.strip() for text in lines.without_byte_order_mark(data, first=first).split(b"\n") if text not in _BLANK
    ]


def preamble(columns: Sequence[str], *, safe: bool = False) -> bytes:
    """Return no bytes: the joined parts are the file."""
    return b""


_BLANK = (b"", b"\r")

# Lines with fewer brackets than this cannot be nested too deeply for any reader or writer.
_SHALLOW = 200


def _cut(piece: bytes, last: bool) -> tuple[int, int]:
    end = piece.rfind(b"\n") + 1
    if last and not end:
        return len(piece), int(piece not in _BLANK)
    whole = piece[:end]
    return end, lines.count(whole.replace(b"\r\n", b"\n") if b"\r" in whole else whole)


def _row(number: int, text: bytes) -> Row:
    try:
        value = _value(text)
    except UnicodeDecodeError as error:
        return Row(number, error=f"not UTF-8: byte {error.start + 1} of the row cannot be read")
    except json.JSONDecodeError as error:
        return Row(number, error=f"not JSON: {error.msg} at character {error.pos + 1} of the row")
    except RecursionError:
        return Row(number, error="nested too deeply")
    except TypeError as error:
        return Row(number, error=f"cannot be written again: {error}")
    if isinstance(value, dict | list):
        return Row(number, value)
    return Row(number, error="a row must be an object of columns or a list of cells")


def _value(text: bytes) -> Any:
    """Return the value of a line.

    Raises TypeError where orjson could not write it again: an unpaired surrogate, or nesting.
    """
    import orjson

    try:
        value = orjson.loads(text)
        suspicious = text.count(b"[") + text.count(b"{") > _SHALLOW
    except orjson.JSONDecodeError:
        value, suspicious = json.loads(text.decode(), parse_int=_integer), True
    if suspicious:
        orjson.dumps([[value]])
    return value


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= 20 and -(2**63) <= int(text) < 2**64 else float(text)
