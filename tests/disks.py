"""A disk that is full in the middle of a download: writes raise ENOSPC."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from s3transfer.utils import OSUtils

_CAPACITY = 100


class _Full(io.FileIO):
    def write(self, data: bytes) -> int:  # type: ignore[override]
        written = super().write(data[: max(0, _CAPACITY - self.tell())])
        if written < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.name)
        return written


@contextmanager
def full_disk() -> Iterator[None]:
    """Limit each downloaded S3 object to 100 bytes on disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OSUtils, "open", lambda self, filename, mode: _Full(filename, mode))
        yield
