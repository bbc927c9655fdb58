"""A disk that fills up in the middle of a download: its first bytes find room, the others ENOSPC, as from a kernel."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from s3transfer.utils import OSUtils

_ROOM = 100


class _Full(io.FileIO):
    def write(self, data: bytes) -> int:  # type: ignore[override]
        written = super().write(data[: max(0, _ROOM - self.tell())])
        if written < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.name)
        return written


@contextmanager
def full_disk() -> Iterator[None]:
    """What S3 objects are downloaded into has room for 100 bytes of each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OSUtils, "open", lambda self, filename, mode: _Full(filename, mode))
        yield
