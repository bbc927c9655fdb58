"""Files of named arrays, as ``.npz`` without pickles.

Strings are stored as ``NAME|offsets`` and ``NAME|bytes`` with the shape in ``NAME|shape``: numpy would pickle an object
array, and unpickling executes code.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lightship.tensors.specs import Array


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays by name; equal arrays give equal bytes."""
    entries: dict[str, Array] = {}
    for name, array in arrays.items():
        entries.update(_pack(name, array))
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **entries)


def read_arrays(source: Path | BinaryIO) -> dict[str, Array]:
    """Read the file of :func:`write_arrays`; raises ValueError on anything else."""
    try:
        with np.load(source, allow_pickle=False) as archive:
            return {
                name.removesuffix("|shape"): _unpack(archive, name.removesuffix("|shape"))
                for name in archive.files
                if not name.endswith(("|offsets", "|bytes"))
            }
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        raise ValueError(getattr(error, "strerror", None) or str(error)) from None  # an OSError names the whole path


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
    array = np.empty(len(offsets) - 1, dtype=np.object_)
    array[:] = [data[start:stop] for start, stop in pairwise(offsets)]
    return array.reshape(tuple(archive[f"{name}|shape"]))
