"""Files of named arrays, as ``.npz`` without pickles.

Strings are stored as ``NAME|offsets`` and ``NAME|bytes`` with the shape in ``NAME|shape``: numpy would pickle an object
array, and unpickling executes code.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lightship.tensors.specs import Array

# Deflate reaches at most 1032:1; arrays rarely reach 10:1. The ratio does not apply below RATIO_FLOOR unpacked bytes.
RATIO_LIMIT = 100
RATIO_FLOOR = 256 * 1024**2

# zipfile unpacks other methods without a bound: it stops at the declared size only afterwards.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays by name; equal arrays give equal bytes."""
    entries: dict[str, Array] = {}
    for name, array in arrays.items():
        entries.update(_pack(name, array))
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **entries)


def read_arrays(source: Path | BinaryIO) -> dict[str, Array]:
    """Read the file of :func:`write_arrays`; raises ValueError on anything else.

    The entries' methods and sizes are checked before any is read, and no more than the declared sizes is unpacked.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            _check_entries(archive.infolist(), _size(source))
            entries = {name.removesuffix(".npy"): _entry(archive, name) for name in archive.namelist()}
            return {
                name.removesuffix("|shape"): _unpack(entries, name.removesuffix("|shape"))
                for name in entries
                if not name.endswith(("|offsets", "|bytes"))
            }
    except Exception as error:  # numpy, zipfile and the decompressors raise exceptions of many classes
        raise ValueError(getattr(error, "strerror", None) or str(error)) from None  # an OSError names the whole path


def _size(source: Path | BinaryIO) -> int:
    return source.stat().st_size if isinstance(source, Path) else source.seek(0, os.SEEK_END)


def _check_entries(entries: Sequence[zipfile.ZipInfo], packed: int) -> None:
    """Raise ValueError for entries of other methods or equal names, or too large."""
    if any(entry.compress_type not in _METHODS for entry in entries):
        raise ValueError("it holds an entry that is neither stored nor deflated")
    total = sum(entry.file_size for entry in entries)
    if total > max(RATIO_FLOOR, RATIO_LIMIT * packed):
        raise ValueError(f"its {packed} bytes unpack to {total} bytes")
    if len({entry.filename for entry in entries}) < len(entries):
        raise ValueError("it holds an entry twice")


def _entry(archive: zipfile.ZipFile, name: str) -> Array:
    with archive.open(name) as file:
        array: Array = np.lib.format.read_array(file, allow_pickle=False)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"it holds an array of {array.dtype}")
    return array


def _pack(name: str, array: Array) -> dict[str, Array]:
    if array.dtype != np.object_:
        return {name: array}
    texts = [bytes(text) for text in array.ravel()]
    return {
        f"{name}|shape": np.array(array.shape, dtype=np.int64),
        f"{name}|offsets": np.cumsum([0, *map(len, texts)], dtype=np.int64),
        f"{name}|bytes": np.frombuffer(b"".join(texts), dtype=np.uint8),
    }


def _unpack(archive: Mapping[str, Array], name: str) -> Array:
    if name in archive:
        return archive[name]
    offsets, data = archive[f"{name}|offsets"], archive[f"{name}|bytes"].tobytes()
    sizes = archive[f"{name}|shape"].tolist()
    bounds = offsets.tolist()
    if bounds[:1] != [0] or bounds[-1] != len(data) or np.any(offsets[1:] < offsets[:-1]):
        raise ValueError("the offsets of its strings do not divide their bytes")
    if min(sizes, default=0) < 0 or math.prod(sizes) != len(bounds) - 1:
        raise ValueError("it holds more or fewer strings than their shape")
    array = np.empty(len(bounds) - 1, dtype=np.object_)
    array[:] = [data[start:stop] for start, stop in pairwise(bounds)]
    return array.reshape(sizes)
