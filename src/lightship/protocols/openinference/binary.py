"""The Open Inference Protocol's binary tensor extension: tensors as bytes.

Elements are little-endian, in row-major order, without padding; a BOOL is one byte, 0 or 1; an element of BYTES is a
4-byte unsigned length followed by that many bytes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping

import numpy as np

from lightship.errors import InvalidInput
from lightship.tensors import Array, Signature, TensorSpec
from lightship.tensors.specs import DTYPES, describe_row

DATATYPES: Mapping[str, str] = {
    "bool": "BOOL",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "BYTES",
}
_NAMES = {DTYPES[dtype]: name for dtype, name in DATATYPES.items()}
HEADER_LENGTH = "inference-header-content-length"

_LENGTH = struct.Struct("<I")


class Tail:
    """The bytes after a request's JSON, consumed input by input."""

    def __init__(self, data: memoryview) -> None:
        self._data = data

    def take(self, size: int, name: str) -> memoryview:
        """Return the next ``size`` bytes; raises InvalidInput where fewer are left."""
        if size > len(self._data):
            raise InvalidInput(f"input '{name}' has binary_data_size {size}, but {len(self._data)} bytes are left")
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def end(self) -> None:
        """Raise InvalidInput where bytes are left that belong to no input."""
        if self._data:
            raise InvalidInput(f"{len(self._data)} bytes after the JSON belong to no input: see binary_data_size")


def split(body: bytes, headers: Mapping[str, str]) -> tuple[bytes, Tail]:
    """Return a body's JSON, whose length the header states, and the data after it.

    Raises InvalidInput for an invalid header.
    """
    text = headers.get(HEADER_LENGTH)
    if text is None:
        return body, Tail(memoryview(b""))
    if not (text.isascii() and text.isdecimal()) or len(text) > 18 or int(text) > len(body):
        raise InvalidInput(
            f"the header Inference-Header-Content-Length is '{text[:40]}': it must be the length of the JSON in bytes, "
            f"and the body has {len(body)} bytes"
        )
    return body[: int(text)], Tail(memoryview(body)[int(text) :])


def from_bytes(data: memoryview, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
    """Return bytes as an array of the spec's dtype and this shape, without a copy.

    Raises InvalidInput where they do not match.
    """
    count = math.prod(shape)
    if spec.dtype == "string":
        return _strings(data, spec, count).reshape(shape)
    if len(data) != count * spec.numpy.itemsize:
        raise InvalidInput(
            f"input '{spec.name}' has {len(data)} bytes: {DATATYPES[spec.dtype]} {_sizes(shape)} "
            f"takes {count * spec.numpy.itemsize}"
        )
    if spec.dtype == "bool":
        return _booleans(data, spec).reshape(shape)
    return np.frombuffer(data, spec.numpy.newbyteorder("<")).reshape(shape)


def from_raw(body: bytes, signature: Signature) -> dict[str, Array]:
    """Return the only input from a body that holds its data without JSON.

    One unknown dimension is inferred from the size. A BYTES input is one element, the whole body, without a length
    before it. Raises InvalidInput.
    """
    if len(signature.inputs) != 1:
        raise InvalidInput(f"a raw body requires a model with one input: this one has {len(signature.inputs)}")
    (spec,) = signature.inputs
    if spec.dtype == "string":
        if any(size not in {None, 1} for size in spec.shape):
            raise InvalidInput(f"a raw body is one element of BYTES, but input '{spec.name}' is {spec}")
        array = np.empty(1, dtype=np.object_)
        array[0] = body
        return {spec.name: array.reshape([1] * len(spec.shape))}
    return {spec.name: from_bytes(memoryview(body), spec, _raw_shape(len(body), spec))}


def to_bytes(array: Array) -> bytes:
    """Return an array's elements as bytes."""
    if array.dtype == np.object_:
        return b"".join(_LENGTH.pack(len(item)) + item for item in array.ravel().tolist())
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def datatype(array: Array) -> str:
    """Return the protocol's name of an array's dtype."""
    return _NAMES[array.dtype]


def _strings(data: memoryview, spec: TensorSpec, count: int) -> Array:
    if count * _LENGTH.size > len(data):  # or a shape could allocate more memory than its data fills
        raise InvalidInput(f"input '{spec.name}' has {len(data)} bytes: too few for {count} elements of BYTES")
    array = np.empty(count, dtype=np.object_)
    position = 0
    for index in range(count):
        start = position + _LENGTH.size
        end = start + _LENGTH.unpack_from(data, position)[0] if start <= len(data) else start
        if end > len(data):
            raise InvalidInput(f"input '{spec.name}' ends within element {index}: BYTES begin with a 4-byte length")
        array[index] = bytes(data[start:end])
        position = end
    if position != len(data):
        raise InvalidInput(f"input '{spec.name}' has {len(data) - position} bytes after its {count} elements of BYTES")
    return array


def _booleans(data: memoryview, spec: TensorSpec) -> Array:
    array = np.frombuffer(data, np.uint8)
    if array.max(initial=0) > 1:
        raise InvalidInput(f"input '{spec.name}' is BOOL: its bytes must be 0 or 1")
    return array.view(np.bool_)


def _raw_shape(size: int, spec: TensorSpec) -> tuple[int, ...]:
    if spec.shape.count(None) > 1:
        raise InvalidInput(f"a raw body has no shape, but input '{spec.name}' is {spec}: send JSON or binary data")
    unit = math.prod(length for length in spec.shape if length is not None) * spec.numpy.itemsize
    if size == 0 or size % unit or (None not in spec.shape and size != unit):
        raise InvalidInput(
            f"the raw body has {size} bytes: input '{spec.name}' takes {unit} for each {describe_row(spec)}"
        )
    return tuple(size // unit if length is None else length for length in spec.shape)


def _sizes(shape: tuple[int, ...]) -> str:
    return str(list(shape))[:80]
