"""Pages of files in the operating system's page cache (Linux)."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = mmap.PAGESIZE

_ONE_PAGE = str(PAGE // 1024)
_FAILED = ctypes.c_void_p(-1).value
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.mmap.restype = ctypes.c_void_p
_LIBC.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
_LIBC.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
_LIBC.mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)


def drop(files: Iterable[Path]) -> None:
    """Remove files from the page cache; pages that a process maps stay."""
    os.sync()  # pages that are not yet written stay, too
    for path in files:
        file = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(file)


def resident(path: Path) -> list[int]:
    """Return the numbers of a file's pages that are in the page cache.

    Raises OSError if the file cannot be read.
    """
    file = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(file).st_size
        return _resident(file, size) if size else []
    finally:
        os.close(file)


def _resident(file: int, size: int) -> list[int]:
    """Ask mincore about a mapping that is not read."""
    address = _LIBC.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file, 0)
    if address == _FAILED:
        raise OSError(ctypes.get_errno(), "mmap failed")
    try:
        states = ctypes.create_string_buffer(-(-size // PAGE))
        if _LIBC.mincore(address, size, states):
            raise OSError(ctypes.get_errno(), "mincore failed")
        return [number for number, state in enumerate(states.raw) if state & 1]
    finally:
        _LIBC.munmap(address, size)


@contextmanager
def without_read_ahead(folder: Path) -> Iterator[None]:
    """Let the folder's device read single pages, so that only pages in use are read.

    Raises PermissionError for other users than root, FileNotFoundError if the folder is on no block device.
    """
    device = folder.stat().st_dev
    setting = Path(f"/sys/class/bdi/{os.major(device)}:{os.minor(device)}/read_ahead_kb")
    before = setting.read_text()
    setting.write_text(_ONE_PAGE)
    try:
        yield
    finally:
        setting.write_text(before)
