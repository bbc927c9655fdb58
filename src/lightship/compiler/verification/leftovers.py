"""What the child left in the bundle's folder, looked through before anything is opened.

A model's code may have made it. The child is dead by now, so nothing changes afterwards.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lightship.bundle import Bundle
from lightship.errors import LightshipError, SourceRefused

_MOST_FILES = 10_000


def verified(folder: Path, *, sandbox: str, largest: int) -> Bundle:
    """Return the bundle in a folder, of plain files of at most ``largest`` bytes together.

    Raises SourceRefused where it holds anything else, does not verify, or claims another proof than ``sandbox``.
    """
    total = 0
    for number, size in enumerate(_sizes(folder)):
        total += size
        if number >= _MOST_FILES or total > largest:
            raise SourceRefused(f"compiling this model left more than {_MOST_FILES} files or {largest} bytes")
    try:
        bundle = Bundle.open(folder)
    except LightshipError as error:
        raise SourceRefused("compiling this model left a bundle that does not verify", detail=error.message) from None
    if bundle.manifest.sandbox != sandbox:
        raise SourceRefused("compiling this model left a bundle that claims another sandbox")
    return bundle


def _sizes(folder: Path) -> Iterator[int]:
    with os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                yield from _sizes(Path(entry.path))
            elif stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                yield status.st_size
            else:
                raise SourceRefused("compiling this model left a link or a device: a bundle holds plain files only")
