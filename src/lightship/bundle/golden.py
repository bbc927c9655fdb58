"""Golden examples: recorded inputs and the original model's outputs, as ``.npz``.

Entries are named ``<signature>|<inputs or outputs>|<tensor>``. Strings are stored as ``…|offsets`` and ``…|bytes`` with
the shape in ``…|shape``: an object array would be pickled, and unpickling executes code.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lightship.errors import BundleError
from lightship.tensors import Array, Signature

Tensors = dict[str, Array]
Golden = dict[str, tuple[Tensors, Tensors]]

_SIDES = ("inputs", "outputs")


def write_golden(path: Path, golden: Mapping[str, tuple[Mapping[str, Array], Mapping[str, Array]]]) -> None:
    """Write inputs and outputs by signature; equal tensors give equal bytes."""
    entries: Tensors = {}
    for signature, sides in golden.items():
        for side, tensors in zip(_SIDES, sides, strict=True):
            for name, array in tensors.items():
                entries.update(_pack(f"{signature}|{side}|{name}", array))
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **entries)


def read_golden(source: Path | BinaryIO) -> Golden:
    """Read the file of :func:`write_golden`; raises BundleError on anything else."""
    golden: Golden = {}
    try:
        with np.load(source, allow_pickle=False) as archive:
            for key in archive.files:
                signature, side, name, *part = key.split("|")
                if part in ([], ["shape"]):
                    array = archive[key] if not part else _unpack(archive, key.removesuffix("|shape"))
                    golden.setdefault(signature, ({}, {}))[_SIDES.index(side)][name] = array
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or error  # an OSError's message holds the whole path
        raise BundleError(f"the bundle's golden examples cannot be read: {reason}") from None
    return golden


def smallest_call(inputs: Mapping[str, Array], signature: Signature) -> Tensors:
    """Return one row of recorded inputs.

    Returns all rows unless the signature declares its rows independent.
    """
    if not signature.independent_rows:
        return dict(inputs)
    return {spec.name: inputs[spec.name][:1] if spec.batched else inputs[spec.name] for spec in signature.inputs}


def _pack(key: str, array: Array) -> Tensors:
    if array.dtype != np.object_:
        return {key: array}
    texts = [bytes(text) for text in array.ravel()]
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return {
        f"{key}|shape": np.array(array.shape, dtype=np.int64),
        f"{key}|offsets": offsets,
        f"{key}|bytes": np.frombuffer(b"".join(texts), dtype=np.uint8),
    }


def _unpack(archive: Mapping[str, Array], key: str) -> Array:
    offsets, data = archive[f"{key}|offsets"], archive[f"{key}|bytes"].tobytes()
    array = np.empty(len(offsets) - 1, dtype=np.object_)
    array[:] = [data[start:stop] for start, stop in pairwise(offsets)]
    return array.reshape(tuple(archive[f"{key}|shape"]))
