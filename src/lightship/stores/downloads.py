"""Cache of downloaded folders on the local disk, with a size limit.

Space for a download is freed before it starts, least recently used first: a Lambda function's disk is small, and its
files outlive an invocation that timed out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from lightship.settings import CacheSettings

_PARTIAL = ".half-"


class CachedPath(type(Path())):  # type: ignore[misc]  # pathlib's own cannot be referenced weakly
    """Path of a cached folder, or of a file in one.

    While it is referenced, as by a loaded model, it is not removed.
    """


class Downloads:
    """Cached folders by name. Threads and processes may share them.

    Args:
        settings: the folder, by default one in the folder for temporary files, and the limit in bytes.
    """

    def __init__(self, settings: CacheSettings) -> None:
        self._folder = settings.folder or _temporary() / "lightship-cache"
        self._limit = settings.size
        self._in_use: WeakValueDictionary[str, CachedPath] = WeakValueDictionary()

    def path(self, name: str, file: str = "") -> CachedPath:
        """Return the path of a cached folder, or of a file in it, which may not exist."""
        return self._in_use.setdefault(name, CachedPath(self._folder / name / file))

    def is_empty(self) -> bool:
        """Return whether nothing was ever downloaded here."""
        try:
            return all(name.startswith(".") for name in os.listdir(self._folder))  # noqa: PTH208 - faster
        except FileNotFoundError:
            return True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the cache's lock and remove partial downloads.

        Only the holder downloads: any partial download is abandoned, and freed space is not taken by another process.
        """
        import fcntl

        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for partial in self._folder.glob(f"{_PARTIAL}*"):
                _remove(partial)
            yield

    @contextmanager
    def replacing(self, name: str, *, size: int) -> Iterator[Path]:
        """Create a folder to download into, which becomes the named one at the end.

        After an error it is removed. Space for ``size`` bytes is freed first. Call it while the cache is locked.
        """
        target = self._folder / name
        _remove(target)
        self._free_space(size)
        folder = self._folder / f"{_PARTIAL}{os.urandom(8).hex()}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
            folder.rename(target)
        finally:
            _remove(folder)

    def _free_space(self, needed: int) -> None:
        """Remove least recently used folders until ``needed`` bytes fit limit and disk.

        Folders in use by this process are kept: their files are memory-mapped, so removing them would free no space and
        could break the loaded model.
        """
        cached = sorted((entry for entry in self._folder.iterdir() if not entry.name.startswith(".")), key=_age)
        used = sum(map(_size, cached))
        for entry in cached:
            if used + needed <= self._limit and needed <= _free(self._folder):
                break
            if entry.name not in self._in_use:
                used -= _size(entry)
                _remove(entry)


def _temporary() -> Path:
    import tempfile  # imported here: a function that names its folder starts faster without it

    return Path(tempfile.gettempdir())


def _remove(folder: Path) -> None:
    if folder.exists():
        import shutil  # imported here: a cold start removes nothing

        shutil.rmtree(folder, ignore_errors=True)


def _free(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _age(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
