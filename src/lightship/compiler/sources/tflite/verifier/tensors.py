"""Checks of the tensors in a subgraph: dtypes, shapes, data and quantisation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lightship.compiler.sources.tflite.verifier.flatbuffer import BrokenFile, Table
from lightship.compiler.sources.tflite.verifier.layout import names_by_number
from lightship.tensors import Array

MAX_TENSOR_BYTES = 2**31
MAX_DIMENSIONS = 16

# Bits of one value by the schema's name of the dtype; 0 without a fixed size.
_BITS = {
    "FLOAT32": 32, "FLOAT16": 16, "BFLOAT16": 16, "FLOAT64": 64, "FLOAT8_E4M3FN": 8, "FLOAT8_E5M2": 8,
    "INT2": 2, "INT4": 4, "UINT4": 4, "INT8": 8, "UINT8": 8, "INT16": 16, "UINT16": 16, "INT32": 32, "UINT32": 32,
    "INT64": 64, "UINT64": 64, "BOOL": 8, "COMPLEX64": 64, "COMPLEX128": 128,
    "STRING": 0, "RESOURCE": 0, "VARIANT": 0,
}  # fmt: skip


def check_tensors(tensors: Sequence[Table], buffers: Sequence[Table], where: str) -> None:
    """Check every tensor of a subgraph.

    Raises BrokenFile that names the first invalid one.
    """
    for index, tensor in enumerate(tensors):
        subject = f"tensor {index} of {where}"
        bits = _bits(tensor, subject)
        _check_shape(tensor, bits, subject)
        number = tensor.number("buffer")
        if number >= len(buffers):
            raise BrokenFile(f"{subject} names buffer {number}, but the file has {len(buffers)}")
        if is_constant(tensor, buffers):
            _check_data(tensor, buffers[number], bits, subject)
        _check_quantisation(tensor, subject)


def is_constant(tensor: Table, buffers: Sequence[Table]) -> bool:
    """Return whether the file contains the tensor's values.

    LiteRT maps them and must never write to them.
    """
    return stored_bytes(buffers[tensor.number("buffer")]) > 0


def stored_bytes(buffer: Table) -> int:
    """Return the size of a buffer's data, inside or behind the flatbuffer."""
    return len(buffer.numbers("data")) or (buffer.number("size") if buffer.number("offset") > 1 else 0)


def elements(tensor: Table) -> int:
    """Return the number of values in a tensor with the shape in the file."""
    return math.prod(int(size) for size in tensor.numbers("shape"))


def _bits(tensor: Table, subject: str) -> int:
    name = names_by_number("TensorType").get(tensor.number("type"), "")
    if name not in _BITS:
        raise BrokenFile(f"{subject} has an unknown dtype")
    return _BITS[name]


def _check_shape(tensor: Table, bits: int, subject: str) -> None:
    shape, signature = tensor.numbers("shape"), tensor.numbers("shape_signature")
    if len(shape) > MAX_DIMENSIONS or (shape < 0).any():
        raise BrokenFile(f"{subject} has an impossible shape")
    if elements(tensor) * max(bits, 8) // 8 > MAX_TENSOR_BYTES:
        raise BrokenFile(f"{subject} is larger than {MAX_TENSOR_BYTES} bytes")
    if len(signature) and (len(signature) != len(shape) or not ((signature == -1) | (signature == shape)).all()):
        raise BrokenFile(f"{subject} has a shape_signature that is not its shape with -1 for variable sizes")


def _check_data(tensor: Table, buffer: Table, bits: int, subject: str) -> None:
    size, sparsity = stored_bytes(buffer), tensor.table("sparsity")
    if tensor.number("is_variable"):
        raise BrokenFile(f"{subject} is a variable with constant data")
    if sparsity:
        _check_sparsity(sparsity, len(tensor.numbers("shape")), subject)
    elif bits and size != -(-elements(tensor) * bits // 8):
        raise BrokenFile(f"{subject} needs {-(-elements(tensor) * bits // 8)} bytes of data, its buffer has {size}")
    elif not bits and not _is_strings(buffer.numbers("data"), elements(tensor)):
        raise BrokenFile(f"{subject} contains strings whose offsets do not fit its data")


def _is_strings(data: Array, count: int) -> bool:
    """Return whether data has LiteRT's format of strings.

    It is the number of strings, an offset for each and one for the end, and the bytes.
    """
    if len(data) < 4 * (count + 2):
        return False
    head = data[: 4 * (count + 2)].view("<i4")
    offsets = head[1:]
    return bool(
        head[0] == count and offsets[0] == len(head) * 4 and offsets[-1] <= len(data) and (np.diff(offsets) >= 0).all()
    )


def _check_sparsity(sparsity: Table, rank: int, subject: str) -> None:
    order, blocks = sparsity.numbers("traversal_order"), sparsity.numbers("block_map")
    dimensions = sparsity.tables("dim_metadata")
    right = (
        len(order) == len(dimensions) == rank + len(blocks)
        and sorted(order.tolist()) == list(range(len(order)))
        and all(0 <= block < rank for block in blocks)
    )
    if not right or not all(_is_dimension(dimension) for dimension in dimensions):
        raise BrokenFile(f"{subject} is sparse and has an inconsistent description of its storage")


def _is_dimension(dimension: Table) -> bool:
    if dimension.number("format") == 0:  # dense
        return dimension.number("dense_size") > 0
    segments, indices = dimension.table("array_segments"), dimension.table("array_indices")
    if segments is None or indices is None:
        return False
    bounds, positions = segments.numbers("values").astype(np.int64), indices.numbers("values").astype(np.int64)
    ordered = len(bounds) > 0 and bounds[0] == 0 and bounds[-1] == len(positions) and (np.diff(bounds) >= 0).all()
    return bool(ordered and (positions >= 0).all())


def _check_quantisation(tensor: Table, subject: str) -> None:
    quantisation = tensor.table("quantization")
    if quantisation is None:
        return
    shape = tensor.numbers("shape")
    scales, zeros = quantisation.numbers("scale"), quantisation.numbers("zero_point")
    axis = quantisation.number("quantized_dimension")
    if len(scales) and len(zeros) not in {len(scales), 1, 0}:
        raise BrokenFile(f"{subject} has {len(scales)} scales and {len(zeros)} zero points")
    if len(scales) > 1 and not (0 <= axis < len(shape) and shape[axis] == len(scales)):
        raise BrokenFile(f"{subject} has {len(scales)} scales, but its quantised dimension has another size")
    if not np.isfinite(scales).all():
        raise BrokenFile(f"{subject} has a scale that is not finite")
