"""The local cache of a registry in S3, held by a test."""

from __future__ import annotations

import fcntl
from pathlib import Path
from types import TracebackType


class CacheLock:
    """The lock of a cache: while it is held, nothing is downloaded into the folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / ".lock").open("w")

    def __enter__(self) -> CacheLock:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let downloads start; a second call does nothing."""
        self._file.close()
