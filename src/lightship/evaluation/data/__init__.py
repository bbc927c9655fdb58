"""Data with targets, read in blocks.

They are CSV, JSON Lines, Parquet and npz files, and folders of images. Memory does not grow with the number of rows.
Adding a kind of file: one module, one entry in :func:`open_data`, a test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightship import formats
from lightship.errors import InvalidInput, UnsupportedMedia
from lightship.evaluation.data.base import Block, Data
from lightship.tensors import Signature

__all__ = ["Block", "Data", "digest", "named", "open_data"]

_BLOCK = 1024 * 1024


def open_data(path: Path, signature: Signature, *, header: bool | None = None) -> Data:
    """Return the data of a file or folder for a signature.

    ``header`` is whether a CSV has a header, None to detect it. Raises InvalidInput or UnsupportedMedia, which name the
    file, and OSError.
    """
    with named(path):
        if path.is_dir():
            from lightship.evaluation.data.images import ImageFolder

            return ImageFolder(path, signature)
        if path.suffix.lower() == ".npz":
            from lightship.evaluation.data.arrays import ArrayFile

            return ArrayFile(path, signature)
        return _open_rows(path, signature, header)


def _open_rows(path: Path, signature: Signature, header: bool | None) -> Data:
    try:
        found = formats.of(path.name)
    except UnsupportedMedia as error:
        raise UnsupportedMedia(f"{error.message}, .npz, or it must be a folder of images by class") from None
    if found.NAME == "parquet":
        from lightship.evaluation.data.parquet import ParquetFile

        return ParquetFile(path, signature)
    from lightship.evaluation.data.texts import TextFile

    return TextFile(path, signature, header=header)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Add a file's name to the errors about its content."""
    try:
        yield
    except InvalidInput as error:
        if error.message.startswith(path.name):
            raise
        separator = ", " if error.message != error.reason else ": "
        raise InvalidInput(f"{path.name}{separator}{error.message}", detail=error.detail) from None


def digest(data: Data) -> str:
    """Return the SHA-256 of the data.

    That of a folder is of the names and contents of its files.
    """
    found = hashlib.sha256()
    files = list(data.files())
    for path in files:
        if len(files) > 1:
            found.update(f"{path.parent.name}/{path.name}\0".encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                found.update(block)
    return found.hexdigest()
