"""Archive that the worker uploads: ``answer.json``, then ``bundle/…``, as ustar.

The worker writes it as a stream. The broker reads it as a stream of untrusted input: 512-byte headers and regular files
only. Extended headers (PAX, GNU), links, sparse files, folders and devices are refused, so that the archive never
determines how much is read into memory.
"""

from __future__ import annotations

import itertools
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from lightship.bundle import ASSETS, EXTRAS, MANIFEST, MODEL, SAVED_MODEL
from lightship.errors import CompileError

ANSWER = "answer.json"
ANSWER_LIMIT = 1024 * 1024
ENTRIES_LIMIT = 10_000

_BUNDLE = "bundle/"
_FILES = frozenset({MANIFEST, MODEL}) | EXTRAS
_FOLDERS = frozenset({SAVED_MODEL, ASSETS})
_LONGEST_NAME = 255
_BLOCK = 1024 * 1024
_HEADER = tarfile.BLOCKSIZE
_END = bytes(2 * _HEADER)


class InvalidArchive(ValueError):
    """An archive that the worker's own code does not write; the text says why."""


class Readable(Protocol):
    """A stream of bytes, such as the body of an S3 object."""

    def read(self, amount: int) -> bytes:
        """Return at most ``amount`` bytes; empty at the end."""
        ...


@dataclass(frozen=True)
class Archive:
    """An archive to be written: the answer, and the bundle's folder if there is one."""

    answer: bytes
    folder: Path | None = None

    @property
    def size(self) -> int:
        """Return the size of the archive in bytes."""
        sizes = [len(self.answer), *(file.stat().st_size for file in self._files())]
        return sum(_HEADER + _padded(size) for size in sizes) + len(_END)

    def __iter__(self) -> Iterator[bytes]:
        """Return the archive in blocks; raises CompileError for a too long file name."""
        yield _header(ANSWER, len(self.answer))
        yield self.answer + _padding(len(self.answer))
        for file in self._files():
            size = file.stat().st_size
            yield _header(f"{_BUNDLE}{file.relative_to(str(self.folder)).as_posix()}", size)
            with file.open("rb") as opened:
                while block := opened.read(_BLOCK):
                    yield block
            yield _padding(size)
        yield _END

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file()) if self.folder else []


def unpack(stream: Readable, folder: Path, *, limit: int, entries_limit: int = ENTRIES_LIMIT) -> bytes:
    """Write the bundle's files into an empty folder and return the answer.

    Reads at most ``limit`` bytes and ``entries_limit`` entries (including the answer). Raises InvalidArchive for a
    larger archive and for one that is not as described above.
    """
    reader = _Reader(stream, limit)
    answer: bytes | None = None
    for name, size in _entries(reader, entries_limit):
        if answer is None:
            if name != ANSWER or size > ANSWER_LIMIT:
                raise InvalidArchive(f"its first entry is not {ANSWER} of at most {ANSWER_LIMIT} bytes")
            answer = b"".join(reader.blocks(size))
        else:
            _write(folder / _bundle_path(name), reader.blocks(size))
        reader.skip(_padded(size) - size)
    if answer is None:
        raise InvalidArchive("it is empty")
    return answer


def _entries(reader: _Reader, limit: int) -> Iterator[tuple[str, int]]:
    """Return name and size of each entry; the caller must read each one's content."""
    for count in itertools.count():
        header = reader.exactly(_HEADER)
        if header == bytes(_HEADER):
            return
        if count == limit:
            raise InvalidArchive(f"it has more than {limit} entries")
        try:
            entry = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
        except (tarfile.TarError, ValueError):
            raise InvalidArchive("one of its headers is invalid") from None
        if entry.type != tarfile.REGTYPE or not 0 <= entry.size <= reader.left:
            raise InvalidArchive("one of its entries is not a regular file that fits into the archive")
        yield entry.name, entry.size


def _bundle_path(name: str) -> PurePosixPath:
    """Return the relative path of a bundle's file.

    Raises InvalidArchive for a name that no file of a bundle has.
    """
    path = PurePosixPath(name.removeprefix(_BUNDLE))
    allowed = str(path) in _FILES or (len(path.parts) > 1 and path.parts[0] in _FOLDERS)
    well_formed = name == f"{_BUNDLE}{path}" and name.isprintable() and len(name) <= _LONGEST_NAME and "\\" not in name
    if not allowed or not well_formed or ".." in path.parts:
        raise InvalidArchive("one of its entries has a name that is not allowed in a bundle")
    return path


def _write(target: Path, blocks: Iterator[bytes]) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            for block in blocks:
                file.write(block)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise InvalidArchive("two of its entries have the same name") from None


class _Reader:
    """A stream that is read in exact sizes, up to a total limit."""

    def __init__(self, stream: Readable, limit: int) -> None:
        self._stream = stream
        self.left = limit

    def exactly(self, size: int) -> bytes:
        return b"".join(self.blocks(size))

    def blocks(self, size: int) -> Iterator[bytes]:
        if size > self.left:
            raise InvalidArchive("it is larger than the limit")
        self.left -= size
        while size:
            block = self._stream.read(min(size, _BLOCK))
            if not block:
                raise InvalidArchive("it is truncated")
            size -= len(block)
            yield block

    def skip(self, size: int) -> None:
        for _ in self.blocks(size):
            pass


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    try:
        return entry.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
    except ValueError:
        raise CompileError(f"the compiled model has a file with a too long name: {name[:100]!r}") from None


def _padded(size: int) -> int:
    return -(-size // _HEADER) * _HEADER


def _padding(size: int) -> bytes:
    return bytes(_padded(size) - size)
