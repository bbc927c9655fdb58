"""Splitting of a stream of lines into spans of whole rows, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lightship.errors import InvalidInput
from lightship.formats.base import LONGEST_ROW, Span

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# Bytes examined at a time: enough to hide Python's overhead, few enough for a CPU cache.
_STEP = 1024 * 1024

# Function that returns where the last whole row of a piece ends (0: there is none), and the number of rows before that.
# A last piece (second argument True) without any line end is taken as a whole; its number of rows is 0 or 1.
Cut = Callable[[bytes, bool], tuple[int, int]]


def spans(blocks: Iterable[bytes], cut: Cut, *, offset: int, row: int, target: int) -> Iterator[Span]:
    """Yield spans of as many whole rows as fit ``target`` bytes, at least one.

    The spans depend on the file's bytes alone, not on the size of the blocks, and are the same when a scan is resumed
    at the end of a span. Empty lines that are not rows may be between two spans. Raises InvalidInput for a row over
    LONGEST_ROW bytes.
    """
    stream = _Stream(blocks)
    while stream.peek(1):
        length, rows = _fill(stream, cut, row, target, offset)
        if rows:
            yield Span(offset, offset + length, row, rows)
        offset, row = offset + length, row + rows


def without_byte_order_mark(data: bytes, *, first: int) -> bytes:
    """Return the bytes without a byte-order mark before row 1."""
    return data.removeprefix(BYTE_ORDER_MARK) if first == 1 else data


def count(lines: bytes) -> int:
    """Return the number of lines that are not empty; each ends with a newline."""
    while lines.rfind(b"\n\n") >= 0:  # from the end, which takes half of the time of a search from the start
        lines = lines.replace(b"\n\n", b"\n")
    return lines.count(b"\n") - lines.startswith(b"\n")


class _Stream:
    """Stream of bytes with lookahead."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._buffer = b""
        self._at = 0

    def peek(self, size: int) -> bytes:
        """Return the next ``size`` bytes without consuming them, fewer at the end."""
        if (have := len(self._buffer) - self._at) < size:
            parts = [self._buffer[self._at :]]
            while have < size and (block := next(self._blocks, None)) is not None:
                parts.append(block)
                have += len(block)
            self._buffer, self._at = b"".join(parts), 0
        return self._buffer[self._at : self._at + size]

    def skip(self, size: int) -> None:
        self._at += size


def _fill(stream: _Stream, cut: Cut, row: int, target: int, offset: int) -> tuple[int, int]:
    """Consume one span and return its length in bytes and its number of rows."""
    length = rows = 0
    size = min(_STEP, target)
    while piece := stream.peek(size):
        end, new_rows = _cut_piece(piece, cut, marked=row == 1 and not length, last=len(piece) < size)
        if end:
            stream.skip(end)
            length, rows = length + end, rows + new_rows
            size = min(_STEP, max(0, target - length))
            continue
        limit = min(target - length, LONGEST_ROW) if length else LONGEST_ROW
        if size < limit:
            size = min(2 * size, limit)
        elif length:
            break
        else:
            raise InvalidInput(
                f"longer than {LONGEST_ROW // 2**20} MiB, from byte {offset} of the file on: "
                "a line end is missing, a quote is never closed, or there are only empty lines",
                row=row - 1,
            )
    return length, rows


def _cut_piece(piece: bytes, cut: Cut, *, marked: bool, last: bool) -> tuple[int, int]:
    """Apply ``cut`` after a byte-order mark; ``last`` where the piece ends the file."""
    mark = len(BYTE_ORDER_MARK) if marked and piece.startswith(BYTE_ORDER_MARK) else 0
    end, rows = cut(piece[mark:], last)
    return (mark + end, rows) if end or last else (0, 0)
