"""Tar files of images, read as a stream and never extracted.

The formats are POSIX.1-2001 and GNU. A member is a row if its name has the suffix of an image. Directories, hidden
files and all other files are skipped. Only headers are parsed here, because the standard library's ``tarfile`` reads
extended headers of any size into memory, keeps every member, and takes three times as long. The function that splits
files has no packages but that library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lightship.errors import InvalidInput
from lightship.formats import images
from lightship.formats.base import Span

SUFFIX = ".tar"

# Suffixes of compressed tar files, which are not read: compression does not make PNG and JPEG files smaller.
COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")

# The most rows of a span: at 100 ms a row it takes less than two minutes.
MOST_ROWS = 1024

# The most bytes of a member's extended headers, which have a long name or attributes.
LARGEST_EXTENSION = 1024 * 1024

_BLOCK = 512
_ZEROS = bytes(_BLOCK)
_ENCODED = slice(124, 136)
_CHECKSUM = slice(148, 156)
_TYPE = slice(156, 157)
_PREFIX = slice(345, 500)

# Types of members: extended headers of the next member or of all, files, and members that have no content.
_PAX, _LONG_NAME, _LONG_LINK, _GLOBAL = b"x", b"L", b"K", b"g"
_EXTENSIONS = frozenset({_PAX, _LONG_NAME, _LONG_LINK})
_FILES = frozenset({b"0", b"\0", b"7"})
_EMPTY = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"5": "a directory",
    b"6": "a pipe",
}
_DIRECTORY, _SPARSE = b"5", b"S"
_PARENT = ".."
_LONGEST_SIZE = 20  # decimal digits
_PAX_RECORD = re.compile(rb"(\d{1,7}) ([^=]+)=")


class Member(NamedTuple):
    """Member of a tar file.

    Attributes:
        name: its path, without ``./`` at the beginning; bytes that are not UTF-8 are escaped.
        start: offset of the first of its headers.
        data: offset of its content.
        size: bytes of its content.
        error: why its content is not the file; empty where it is.
        is_row: whether it has the name of an image.
    """

    name: str
    start: int
    data: int
    size: int
    error: str
    is_row: bool

    @property
    def end(self) -> int:
        """Return the offset at which the next member may start."""
        return self.data + -(-self.size // _BLOCK) * _BLOCK


def scan(blocks: Iterable[bytes], *, offset: int, row: int, target: int) -> Iterator[Span]:
    """Split a tar file into spans of at most ``target`` bytes and MOST_ROWS rows.

    The stream begins at byte ``offset``, where a member starts, with row number ``row``. A larger image is a span
    alone. Other members may be within and between spans. Memory is constant. A scan resumed at the end of any span
    gives the same spans. Raises InvalidInput for a stream that is not a tar file, or is cut short.
    """
    start = end = rows = 0
    for member in members(blocks, offset=offset):
        if rows and (member.end - start > target or rows == MOST_ROWS):
            yield Span(start, end, row, rows)
            row, rows = row + rows, 0
        if not rows:
            start = member.start
        end, rows = member.end, rows + 1
    if rows:
        yield Span(start, end, row, rows)


def members(blocks: Iterable[bytes], *, offset: int = 0, complete: bool = True) -> Iterator[Member]:
    """Yield the members that are rows; the stream begins at byte ``offset``.

    ``complete`` is whether the stream ends where the file does. Empty blocks between members, as in concatenated tar
    files, are skipped. Raises InvalidInput as :func:`scan` does.
    """
    stream, ended = _Stream(blocks, offset), False
    while header := stream.read(_BLOCK):
        ended = header == _ZEROS
        if ended:
            continue
        member = _member(header, stream)
        if member.is_row:
            yield member
        if not stream.skip(member.end - stream.offset) and complete:
            raise InvalidInput(
                f"the tar file is cut short: {member.name[-200:]!r} should end at byte {member.end}, "
                f"and the file ends at byte {stream.offset}"
            )
    if complete and not ended:
        raise InvalidInput(
            f"the tar file is cut short: no end-of-archive block is before its end, byte {stream.offset}"
        )


def _member(header: bytes, stream: _Stream) -> Member:
    """Return the member of a header that was just read.

    The headers that follow it are read, too.
    """
    start, found = stream.offset - len(header), _Extension()
    size = _size(header, stream)
    while header[_TYPE] in _EXTENSIONS:
        if not found.add(header[_TYPE], _extension(size, start, stream)):
            raise _damaged(start)
        header = stream.read(_BLOCK)
        size = _size(header, stream)
    kind = header[_TYPE]
    if kind == _SPARSE:  # its content begins after the last header with a list of its segments
        more = header[482:483]
        while more != b"\0" and more:
            more = stream.read(_BLOCK)[504:505]
    size = 0 if kind in _EMPTY else size if found.size is None else found.size
    name = _text(found.name or _path(header)).removeprefix("./")
    is_row = kind not in {_DIRECTORY, _GLOBAL} and _is_image(name)
    return Member(name, start, stream.offset, size, _error(name, kind, found) if is_row else "", is_row)


class _Extension:
    """A member's extended headers: name, size, and whether it is sparse."""

    name = b""
    size: int | None = None
    sparse = False

    def add(self, kind: bytes, content: bytes) -> bool:
        """Add an extended header; return whether it is valid."""
        if kind == _LONG_NAME:
            self.name = content
        return kind != _PAX or self._add_records(content)

    def _add_records(self, content: bytes) -> bool:
        """Add records of ``length key=value`` and a newline, each of ``length`` bytes."""
        at = 0
        while found := _PAX_RECORD.match(content, at):
            end = at + int(found[1])
            key, value = found[2], content[found.end() : end - 1]
            if content[max(found.end(), end - 1) : end] != b"\n" or not self._add_record(key, value):
                return False
            at = end
        return at == len(content)

    def _add_record(self, key: bytes, value: bytes) -> bool:
        if key == b"path":
            self.name = value
        elif key == b"size":
            if not value.isdigit() or len(value) > _LONGEST_SIZE:
                return False
            self.size = int(value)
        elif key.startswith(b"GNU.sparse."):
            self.sparse = True
        return True


def _extension(size: int, start: int, stream: _Stream) -> bytes:
    """Return the content of an extended header; ``start`` is where the member starts."""
    if stream.offset + size - start > LARGEST_EXTENSION:
        raise InvalidInput(
            f"the member of the tar file at byte {start} has extended headers of more than {LARGEST_EXTENSION} bytes"
        )
    return stream.read(-(-size // _BLOCK) * _BLOCK)[:size]


def _error(name: str, kind: bytes, extension: _Extension) -> str:
    """Return why a member's content is not the file that its name says."""
    if name.startswith("/") or _PARENT in name.split("/"):
        return "the name must be relative, without '..'"
    if kind == _SPARSE or extension.sparse:
        return "a sparse file: pack it without --sparse"
    if kind in _EMPTY:
        return f"{_EMPTY[kind]}, not a file: pack the file itself (GNU tar: --dereference --hard-dereference)"
    return "" if kind in _FILES else f"a member of type {kind.decode('latin-1')!a}, not a file"


def _size(header: bytes, stream: _Stream) -> int:
    """Return the size in a header.

    Raises InvalidInput where the header is not one, or is cut short.
    """
    at = stream.offset - len(header)
    if len(header) < _BLOCK:
        raise InvalidInput(f"the tar file is cut short: its last header, at byte {at}, has {len(header)} bytes")
    size = _number(header[_ENCODED])
    if _checksum(header) and size is not None:
        return size
    raise _damaged(at)


def _damaged(at: int) -> InvalidInput:
    if at:
        return InvalidInput(f"the tar file is damaged: there is no valid header at byte {at}")
    return InvalidInput("not a tar file, or compressed: pack the images without compression")


def _checksum(header: bytes) -> bool:
    """Return whether the checksum is right; some writers add signed bytes."""
    stored, spaces = _number(header[_CHECKSUM]), 8 * ord(" ")
    if stored == sum(header) - sum(header[_CHECKSUM]) + spaces:
        return True
    signed = memoryview(header).cast("b")
    return stored == sum(signed) - sum(signed[_CHECKSUM]) + spaces


def _number(field: bytes) -> int | None:
    """Return a number of a header, octal or GNU's binary.

    None where it is not a number, or negative.
    """
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    digits = field.partition(b"\0")[0].strip()
    try:
        return int(digits, 8) if digits.isdigit() else None if digits else 0
    except ValueError:
        return None


def _path(header: bytes) -> bytes:
    """Return the name in a header, after the prefix that POSIX has and GNU has not."""
    name = header[:100].partition(b"\0")[0]
    if header[345] and header[257:263] == b"ustar\0":
        return header[_PREFIX].partition(b"\0")[0] + b"/" + name
    return name


def _text(name: bytes) -> str:
    return name.partition(b"\0")[0].decode(errors="backslashreplace")


def _is_image(name: str) -> bool:
    """Return whether a name has the suffix of an image, and no part of it is hidden."""
    if not name.lower().endswith(images.SUFFIXES):
        return False
    return not any(part.startswith(".") and part not in {".", _PARENT} for part in name.split("/"))


class _Stream:
    """Blocks of bytes, read and skipped; ``offset`` is that of the next byte."""

    def __init__(self, blocks: Iterable[bytes], offset: int) -> None:
        self._blocks = iter(blocks)
        self._block = b""
        self._at = 0
        self.offset = offset

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes, fewer at the end."""
        data = self._take(size)
        while len(data) < size and self._fill():
            data += self._take(size - len(data))
        self.offset += len(data)
        return data

    def skip(self, size: int) -> bool:
        """Skip bytes; return False where the stream ends before."""
        while (have := len(self._block) - self._at) < size:
            self.offset, size = self.offset + have, size - have
            if not self._fill():
                return False
        self.offset, self._at = self.offset + size, self._at + size
        return True

    def _take(self, size: int) -> bytes:
        data = self._block[self._at : self._at + size]
        self._at += len(data)
        return data

    def _fill(self) -> bool:
        """Replace the block, which is consumed, by the next one; False at the end."""
        self._block, self._at = next(self._blocks, b""), 0
        return bool(self._block)
