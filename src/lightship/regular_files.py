"""Files that are read from folders to which others may write."""

from __future__ import annotations

import hashlib
import os
import stat
from errno import EINVAL, ELOOP
from pathlib import Path
from typing import IO, Literal

_REASON = "it is not a regular file"
_BLOCK = 1024 * 1024


def open_regular(path: Path, mode: Literal["rb", "wb"] = "rb") -> IO[bytes]:
    """Open a regular file; raises OSError for a link, pipe, device or folder.

    A link could lead to any file of this machine, and opening a pipe waits for its other end.
    """
    return open(path, mode, opener=_open)


def digest_of(file: IO[bytes]) -> str:
    """Return the SHA-256 of an open file in hexadecimal; it is read in blocks."""
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _open(path: str, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        if error.errno == ELOOP:
            raise OSError(EINVAL, _REASON) from None
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(EINVAL, _REASON)
