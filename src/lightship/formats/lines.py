"""Cutting a stream of lines into spans of whole rows, whatever a row is; memory holds a few pieces, never the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lightship.errors import InvalidInput
from lightship.formats.base import LONGEST_ROW, Span

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# How much is looked at at a time, in bytes: enough that Python's share does not show, little enough for a cache.
_STEP = 1024 * 1024

# Where the last whole row of a piece ends (0: nowhere in it), and how many rows stand before that. Of a piece at the
# file's end without any line end, whether it is a row: then all of it is taken.
Cut = Callable[[bytes, bool], tuple[int, int]]


def spans(blocks: Iterable[bytes], cut: Cut, *, offset: int, row: int, target: int) -> Iterator[Span]:
    """Each span holds as many whole rows as fit ``target`` bytes, and one at least.

    The spans depend on the file's bytes alone, not on how they arrive in blocks, and are the same when a scan is
    resumed at a span's end. Lines that hold nothing are no rows and may stand between two spans. Raises InvalidInput
    for a row over LONGEST_ROW bytes.
    """
    stream = _Stream(blocks)
    while stream.peek(1):
        length, rows = _fill(stream, cut, row, target, offset)
        if rows:
            yield Span(offset, offset + length, row, rows)
        offset, row = offset + length, row + rows


def unmarked(data: bytes, *, first: int) -> bytes:
    """The bytes without the byte-order mark that may stand before row 1."""
    return data.removeprefix(BYTE_ORDER_MARK) if first == 1 else data


def count(lines: bytes) -> int:
    """How many lines hold something; each ends with its newline."""
    while b"\n\n" in lines:
        lines = lines.replace(b"\n\n", b"\n")
    return lines.count(b"\n") - lines.startswith(b"\n")


class _Stream:
    """Bytes that can be looked at before they are taken."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._buffer = b""
        self._at = 0

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer at the end."""
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
    """Take one span from the stream: its length in bytes and its rows."""
    length = rows = 0
    size = min(_STEP, target)
    while piece := stream.peek(size):
        end, found = _whole(piece, cut, marked=row == 1 and not length, last=len(piece) < size)
        if end:
            stream.skip(end)
            length, rows = length + end, rows + found
            size = min(_STEP, max(0, target - length))
            continue
        limit = min(target - length, LONGEST_ROW) if length else LONGEST_ROW
        if size < limit:
            size = min(2 * size, limit)
        elif length:
            break
        else:
            raise InvalidInput(
                f"row {row} (from byte {offset} of the file) is longer than {LONGEST_ROW // 2**20} MiB: "
                "a line end is missing, or a quote is never closed"
            )
    return length, rows


def _whole(piece: bytes, cut: Cut, *, marked: bool, last: bool) -> tuple[int, int]:
    """Cut a piece behind a byte-order mark; ``last`` where the file ends with it."""
    mark = len(BYTE_ORDER_MARK) if marked and piece.startswith(BYTE_ORDER_MARK) else 0
    end, rows = cut(piece[mark:], last)
    return (mark + end, rows) if end or last else (0, 0)
