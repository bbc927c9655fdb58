"""Check of the .npy entries of a .skops file by their headers."""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from lightship.compiler.sources.archives import SIZE_LIMIT
from lightship.errors import SourceRefused

_DIMENSIONS = 5  # paths of LogisticRegressionCV: fold, ratio, C, class, feature
_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def check_array(path: Path, name: str, *, least: int = 0) -> None:
    """Check that an entry is a plain array of exactly the declared size.

    ``least`` is the least number of elements.
    numpy allocates the declared size before it reads the data, and unpickles arrays of objects. Raises SourceRefused.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as file:
            size = archive.getinfo(name).file_size
            shape, _, dtype = _READERS[np.lib.format.read_magic(file)](file)
            data = size - file.tell()
    except (KeyError, ValueError, SyntaxError, EOFError, zipfile.BadZipFile, zlib.error, RecursionError) as error:
        raise SourceRefused(
            f"{path.name} is broken: its array {name} has no readable header", detail=str(error)[:300]
        ) from None
    if dtype.hasobject:
        raise SourceRefused(f"{path.name} is refused: its array {name} holds pickled objects, which run code")
    if len(shape) > _DIMENSIONS or any(length < 0 for length in shape):
        raise SourceRefused(f"{path.name} is refused: its array {name} has the shape {list(shape)[:8]}")
    if math.prod(max(1, length) for length in shape) * max(1, dtype.itemsize) > SIZE_LIMIT:
        raise SourceRefused(f"{path.name} is refused: its array {name} has the shape {list(shape)}, which is too large")
    if math.prod(shape) < least:
        raise SourceRefused(f"{path.name} is refused: its array {name} must have {least} elements")
    if math.prod(shape) * dtype.itemsize != data:
        raise SourceRefused(
            f"{path.name} is refused: its array {name} declares {math.prod(shape) * dtype.itemsize} bytes and holds "
            f"{data}"
        )
