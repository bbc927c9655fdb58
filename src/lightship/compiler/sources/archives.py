"""Safe unpacking of zip and tar archives that may be hostile.

The entries are checked first; unpacking then counts the bytes. Runs in the sandboxed child only.
"""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from lightship.errors import SourceRefused

ENTRIES_LIMIT = 10_000
SIZE_LIMIT = 8 * 1024**3
# Deflate reaches at most 1032:1; weights rarely reach 2:1. The ratio does not apply below RATIO_FLOOR unpacked bytes.
RATIO_LIMIT = 100
RATIO_FLOOR = 16 * 1024**2

_BLOCK = 1024**2


@dataclass(frozen=True)
class Entry:
    """An entry as the archive declares it.

    ``plain`` is False for links, devices and encrypted files.
    """

    name: str
    size: int
    plain: bool
    folder: bool


def check_entries(label: str, entries: Iterable[Entry], packed: int) -> None:
    """Check the declared entries of an archive of ``packed`` bytes.

    Raises SourceRefused, which names the entry.
    """
    seen: dict[PurePosixPath, bool] = {}
    total = 0
    for entry in entries:
        _check_name(label, entry.name)
        if not entry.plain:
            raise SourceRefused(f"{label} is refused: its entry '{entry.name}' is a link, a device or encrypted")
        path = PurePosixPath(entry.name)
        if path in seen:
            raise SourceRefused(f"{label} is refused: it holds the entry '{entry.name}' twice")
        seen[path] = entry.folder
        total += entry.size
        if len(seen) > ENTRIES_LIMIT:
            raise SourceRefused(f"{label} is refused: it holds more than {ENTRIES_LIMIT} entries")
        if total > SIZE_LIMIT or total > max(RATIO_FLOOR, RATIO_LIMIT * packed):
            raise SourceRefused(f"{label} is refused: its {packed} bytes unpack to {total} bytes or more")
    for path in seen:
        if file := next((parent for parent in path.parents if seen.get(parent) is False), None):
            raise SourceRefused(f"{label} is refused: its entry '{file}' is a file and a folder")


def unpack(path: Path, folder: Path) -> None:
    """Unpack a zip or .tar.gz archive; raises SourceRefused.

    Its entries are checked with :func:`check_entries` first.
    """
    with path.open("rb") as archive:
        opener = _open_zip if archive.read(2) == b"PK" else _open_tar
    with opener(path) as members:
        for entry, file in members:
            target = folder / PurePosixPath(entry.name)
            if entry.folder:
                target.mkdir(parents=True, exist_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                _copy(path.name, entry, file, target)


def read_entry(path: Path, name: str, limit: int) -> bytes:
    """Return an entry of a checked zip archive.

    Raises SourceRefused where it is larger than ``limit`` bytes or cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as file:
            data = file.read(limit + 1)
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise SourceRefused(
            f"{path.name} is broken: its entry {name} cannot be read", detail=str(error)[:300]
        ) from None
    if len(data) > limit:
        raise SourceRefused(f"{path.name} is refused: its {name} is larger than {limit} bytes")
    return data


def zip_entries(path: Path) -> list[Entry]:
    """Return the checked entries of a zip archive; raises SourceRefused."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [_zip_entry(info) for info in archive.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise SourceRefused(f"{path.name} is broken or truncated: its list of entries cannot be read") from None
    check_entries(path.name, entries, path.stat().st_size)
    return entries


@contextmanager
def _open_zip(path: Path) -> Iterator[Iterator[tuple[Entry, IO[bytes]]]]:
    """Yield the checked entries of a zip archive with their contents."""
    entries = zip_entries(path)
    try:
        with zipfile.ZipFile(path) as archive:
            yield ((entry, archive.open(entry.name)) for entry in entries)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError) as error:
        raise SourceRefused(f"{path.name} is broken: an entry cannot be unpacked", detail=str(error)[:300]) from None


@contextmanager
def _open_tar(path: Path) -> Iterator[Iterator[tuple[Entry, IO[bytes]]]]:
    """Yield the checked entries of a tar archive with their contents.

    Its headers lie between the data, so the whole list is read once beforehand, up to the limits.
    """
    try:
        with _tar(path) as archive:
            check_entries(path.name, map(_tar_entry, _below_root(archive)), path.stat().st_size)
        with _tar(path) as archive:
            yield ((_tar_entry(info), archive.extractfile(info) or io.BytesIO()) for info in _below_root(archive))
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        message = f"{path.name} is broken or truncated: it cannot be read as .tar.gz"
        raise SourceRefused(message, detail=str(error)[:300]) from None


@contextmanager
def _tar(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a .tar.gz as a stream that stops at the size limits.

    tarfile reads extended headers and skipped entries whole, of any size, before the caller sees an entry.
    """
    with _LimitedGzip(path) as inflated, tarfile.open(fileobj=inflated, mode="r|") as archive:
        yield archive


class _LimitedGzip(gzip.GzipFile):
    """A gzip file that raises SourceRefused when it inflates past the limits."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._label = path.name
        self._packed = path.stat().st_size
        self._left = min(SIZE_LIMIT, max(RATIO_FLOOR, RATIO_LIMIT * self._packed))

    def read(self, size: int | None = -1) -> bytes:
        """Return up to ``size`` bytes."""
        block = super().read(size)
        self._left -= len(block)
        if self._left < 0:
            raise SourceRefused(f"{self._label} is refused: its {self._packed} bytes unpack to more than the limit")
        return block


def _zip_entry(info: zipfile.ZipInfo) -> Entry:
    mode = info.external_attr >> 16  # zero where the archive was not made on Unix
    special = stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR)
    return Entry(info.filename, info.file_size, plain=not special and not info.flag_bits & 1, folder=info.is_dir())


def _below_root(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Return the entries of an archive without that of the root folder.

    ``tar -C folder .`` adds an entry ``.`` for it, and begins the names of all others with ``./``.
    """
    return (info for info in archive if info.name != ".")


def _tar_entry(info: tarfile.TarInfo) -> Entry:
    return Entry(info.name.removeprefix("./"), info.size, plain=info.isreg() or info.isdir(), folder=info.isdir())


def _check_name(label: str, name: str) -> None:
    pure = PurePosixPath(name)
    outside = pure.is_absolute() or ".." in pure.parts or not pure.parts or ":" in pure.parts[0]
    if "\\" in name or "\0" in name or outside:
        raise SourceRefused(f"{label} is refused: its entry {name!r} is not a path inside the archive")


def _copy(label: str, entry: Entry, file: IO[bytes], target: Path) -> None:
    """Copy one entry; raises SourceRefused where it exceeds its declared size."""
    left = entry.size
    with file, target.open("xb") as output:
        while block := file.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise SourceRefused(f"{label} is refused: its entry '{entry.name}' is larger than it declares")
            output.write(block)
