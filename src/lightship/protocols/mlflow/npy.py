"""NumPy's file format as a body (``application/x-npy``).

SageMaker's SDK sends and reads it by default. The parser here accepts no pickles, and the parsed array is a view of the
body, regardless of the declared shape. The format: numpy's ``numpy/lib/format.py``.
"""

from __future__ import annotations

import io
import re
from math import prod
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from lightship.errors import InvalidInput
from lightship.inputs import kind_of
from lightship.tensors import Array, TensorSpec

MEDIA_TYPE = "application/x-npy"

_MAGIC = b"\x93NUMPY"

# Size of the header's length field in bytes, by the format's major version.
_LENGTH = {1: 2, 2: 4}

# The most bytes before the data; numpy has the same limit for the header.
_LONGEST = 10_000

# The header as numpy.save writes it for arrays of numbers, booleans and strings.
_HEADER = re.compile(
    r"\{'descr': '([<>|=][biufSU]\d{1,7})', 'fortran_order': (True|False), "
    r"'shape': \(((?:\d{1,18}(?:, ?|,?(?=\))))*)\), ?\}\s*"
)


def read(body: bytes, spec: TensorSpec) -> Array:
    """Return the array in a .npy file as an input.

    The dtype is converted where no value changes. A single row may omit its batch dimension. Raises InvalidInput.
    """
    array = _converted(_parsed(body), spec)
    kind_of(spec).check_tensor(array, spec)
    return array[None] if spec.batched and array.ndim == len(spec.shape) - 1 else array


def write(array: Array) -> bytes:
    """Return an array as a file; strings become fixed-size bytes."""
    stream = io.BytesIO()
    plain = np.array(array.tolist(), dtype=np.bytes_).reshape(array.shape) if array.dtype == np.object_ else array
    npy_format.write_array(stream, plain, version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def _parsed(body: bytes) -> Array:
    width = _LENGTH.get(body[6], 0) if body.startswith(_MAGIC) and len(body) > 8 else 0
    start = 8 + width + int.from_bytes(body[8 : 8 + width], "little")
    header = _HEADER.fullmatch(body[8 + width : start].decode("latin-1")) if width and start <= _LONGEST else None
    if header is None:
        raise InvalidInput("the body is not a .npy file of numbers, booleans or strings: write it with numpy.save")
    shape = tuple(int(size) for size in header[3].replace(" ", "").split(",") if size)
    dtype = _dtype(header[1])
    actual, declared = len(body) - start, prod(shape) * dtype.itemsize
    if actual != declared or len(shape) > 32:
        raise InvalidInput(f"the .npy file declares {declared} bytes of {dtype} and has {actual}")
    return np.frombuffer(body, dtype, offset=start).reshape(shape, order="F" if header[2] == "True" else "C")


def _dtype(text: str) -> np.dtype[Any]:
    try:
        dtype = np.dtype(text)
    except TypeError:
        dtype = np.dtype("S0")
    if dtype.itemsize == 0:
        raise InvalidInput(f"the .npy file holds {text}: numbers, booleans or strings are expected")
    return dtype


def _converted(array: Array, spec: TensorSpec) -> Array:
    wanted, kind = spec.numpy, array.dtype.kind
    if array.dtype.name in kind_of(spec).dtypes(spec):
        return array.astype(wanted, order="C")
    if wanted.kind == "O":
        if kind == "S":
            return array.astype(object)
        if kind == "U":
            return np.char.encode(array, "utf-8").astype(object)
    elif wanted.kind == "f" and kind in "fiu":
        with np.errstate(over="ignore"):
            cast = array.astype(wanted, order="C")
        if np.isfinite(cast).all() or not np.isfinite(array).all():
            return cast
    elif wanted.kind in "iu" and kind in "iu" and _fits(array, wanted):
        return array.astype(wanted, order="C")
    raise InvalidInput(f"the .npy file holds {array.dtype}, which is not {spec.dtype} as input '{spec.name}' needs")


def _fits(array: Array, wanted: np.dtype[np.generic]) -> bool:
    limits = np.iinfo(wanted)  # type: ignore[type-var]
    return array.size == 0 or (int(array.min()) >= limits.min and int(array.max()) <= limits.max)
