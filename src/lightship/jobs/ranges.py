"""Seekable files over ranged GETs, for libraries that read in any order."""

from __future__ import annotations

import io
from typing import BinaryIO, cast

from lightship.jobs import objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.requests import Source

_BUFFER = 256 * 1024


def open_file(source: Source, cloud: Cloud) -> BinaryIO:
    """Return a source as a buffered binary file; its first read raises NotFound."""
    return cast(BinaryIO, io.BufferedReader(_Ranges(source, cloud), _BUFFER))


class _Ranges(io.RawIOBase):
    def __init__(self, source: Source, cloud: Cloud) -> None:
        self._source = source
        self._cloud = cloud
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        end = min(self._position + len(buffer), self._source.size)
        data = objects.read_range(self._cloud, self._source, self._position, end)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
