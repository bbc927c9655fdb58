"""JSON values as tensors: nested lists, scalars and base64, converted strictly."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Iterator
from itertools import chain
from typing import Any, Literal

import numpy as np

from lightship.errors import InvalidInput
from lightship.tensors.specs import Array, TensorSpec, check_finite, describe_row, describe_shape

# What the leaves of nested lists may be, by numpy's kind letter of the wanted dtype, and what that is called.
_LEAVES: dict[str, frozenset[type]] = {
    "f": frozenset({int, float}),
    "i": frozenset({int}),
    "u": frozenset({int}),
    "b": frozenset({bool}),
}
_DEEPEST = 64  # numpy's limit of dimensions
_NAMES = {"f": "numbers", "i": "integers", "u": "integers", "b": "true or false"}


def to_array(value: Any, spec: TensorSpec, *, over: Literal["raise", "ignore"] = "raise") -> Array:
    """Nested lists, a scalar or ``{"b64": text}`` as an array of the spec's dtype and rank.

    Strict, because JSON types carry meaning: strings, booleans and null are not numbers, ``1.5`` and ``1.0`` are not
    integers, and a number that does not fit the dtype is refused instead of wrapped. Integers never pass through a
    floating dtype on their way to an integer one. Where the value has one
    dimension less than a batched spec, it is one row and gets its batch dimension. A float beyond the dtype becomes an
    infinity where ``over`` is ``ignore``. Raises InvalidInput.
    """
    if isinstance(value, dict):
        return _from_base64(value, spec)
    array = _flat_row(value) if spec.dtype == "float32" else None
    if array is None:
        array = _text_array(value, spec) if spec.dtype == "string" else _number_array(value, spec, over)
    if spec.batched and array.ndim == len(spec.shape) - 1:
        array = array[np.newaxis]
    return array


def _number_array(value: Any, spec: TensorSpec, over: Literal["raise", "ignore"]) -> Array:
    wanted = spec.numpy.kind
    _check_lists(value, spec)
    try:
        array = np.array(value, spec.numpy if wanted != "f" else None)
    except OverflowError:
        raise InvalidInput(_beyond(value, spec)) from None
    except ValueError as error:
        fault = "ragged" if "inhomogeneous" in str(error) else "nested too deeply"
        raise InvalidInput(f"input '{spec.name}' is {fault}: every row must have shape {describe_row(spec)}") from None
    if array.size == 0:
        raise InvalidInput(f"input '{spec.name}' is empty: send at least one row of shape {describe_row(spec)}")
    return array if wanted != "f" else _floats(array, value, spec, over)


def _floats(array: Array, value: Any, spec: TensorSpec, over: Literal["raise", "ignore"]) -> Array:
    """Return numbers as the spec's floating dtype; raises InvalidInput for a number beyond it."""
    if array.dtype == np.object_:
        raise InvalidInput(f"input '{spec.name}' must hold {_NAMES['f']} ({spec}), {_culprit(value, 'f')}")
    try:
        with np.errstate(over=over):
            return array.astype(spec.numpy, copy=False)
    except FloatingPointError:
        raise InvalidInput(f"input '{spec.name}' holds a number beyond {spec.dtype}: send smaller ones") from None


def _beyond(value: Any, spec: TensorSpec) -> str:
    """Return the sentence about the first integer outside the range of the spec's dtype."""
    limits = np.iinfo(spec.numpy)
    first = next(item for item in _leaves(value) if not limits.min <= item <= limits.max)
    got = first if -(2**63) <= first < 2**64 else f"an integer of {len(str(abs(first)))} digits"
    return f"input '{spec.name}' holds an integer outside {spec.dtype}'s range {limits.min}..{limits.max}: got {got}"


def _flat_row(value: Any) -> Array | None:
    """What is asked most, float32 [columns] or [1, columns], four times as quick as by numpy; None for all else."""
    row = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(row, list) or not row or not set(map(type, row)) <= _LEAVES["f"]:
        return None
    try:
        flat = np.frombuffer(struct.pack(f"={len(row)}f", *row), np.float32)
    except OverflowError:  # beyond float32, or a whole number beyond float64
        return None
    return flat if row is value else flat[np.newaxis]


def _text_array(value: Any, spec: TensorSpec) -> Array:
    shape = _nested_shape(value, spec)
    if len(shape) > len(spec.shape):
        raise InvalidInput(
            f"input '{spec.name}' must have shape {describe_shape(spec)}, got {len(shape)} or more dimensions"
        )
    flat = np.empty(math.prod(shape), dtype=np.object_)
    for index, item in enumerate(_leaves(value)):
        if isinstance(item, str):
            flat[index] = item.encode()
        elif isinstance(item, dict):
            flat[index] = _base64_bytes(item, spec)
        else:
            raise InvalidInput(f"input '{spec.name}' must hold strings ({spec}), got {json_type(item)}")
    return flat.reshape(shape)


def _nested_shape(value: Any, spec: TensorSpec, depth: int = 0) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    shapes = set() if depth > len(spec.shape) else {_nested_shape(item, spec, depth + 1) for item in value}
    if len(shapes) > 1:
        raise InvalidInput(f"input '{spec.name}' is ragged: every row must have shape {describe_row(spec)}")
    return (len(value), *(shapes.pop() if shapes else ()))


def _check_lists(value: Any, spec: TensorSpec) -> None:
    """Raise InvalidInput unless nested lists hold what the spec wants, at one depth; asked before numpy.

    It gives every element the longest string's room, and takes many times as long for lists that are no tensor. A level
    at a time, because a list each would take five times as long where millions of lists hold one number; no further
    than to the first level that is wrong.
    """
    wanted = spec.numpy.kind
    level = [[value]]
    for _ in range(_DEEPEST + 1):
        inside = set(map(type, chain.from_iterable(level)))
        if not inside - {list} <= _LEAVES[wanted]:
            raise InvalidInput(f"input '{spec.name}' must hold {_NAMES[wanted]} ({spec}), {_culprit(value, wanted)}")
        if list not in inside:
            return
        level = list(chain.from_iterable(level)) if len(inside) == 1 else []
        sizes = set(map(len, level))
        if len(sizes) != 1:
            raise InvalidInput(f"input '{spec.name}' is ragged: every row must have shape {describe_row(spec)}")
        if sizes == {0}:
            raise InvalidInput(f"input '{spec.name}' is empty: send at least one row of shape {describe_row(spec)}")
    raise InvalidInput(f"input '{spec.name}' is nested too deeply: every row must have shape {describe_row(spec)}")


def _leaves(value: Any) -> Iterator[Any]:
    """The values inside nested lists, without recursion: a request may nest a thousand lists."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(reversed(item))
        else:
            yield item


def _from_base64(value: dict[str, Any], spec: TensorSpec) -> Array:
    """``{"b64": text}``: the bytes of one string, or little-endian elements of whole rows in row-major order."""
    data = _base64_bytes(value, spec)
    if spec.dtype == "string":
        array = np.empty((), dtype=np.object_)
        array[()] = data
        return array[np.newaxis] if spec.batched and len(spec.shape) == 1 else array
    row = [size or 0 for size in spec.row_shape]
    row_bytes = math.prod(row) * spec.numpy.itemsize
    if not row_bytes or not data or len(data) % row_bytes:
        raise InvalidInput(
            f"input '{spec.name}' as base64 must be whole rows of little-endian {spec.dtype} {describe_row(spec)}, "
            f"got {len(data)} bytes"
        )
    array = np.frombuffer(data, dtype=spec.numpy.newbyteorder("<")).astype(spec.numpy)
    check_finite(array, spec)
    return array.reshape([-1, *row] if spec.batched else row)


def _base64_bytes(value: dict[str, Any], spec: TensorSpec) -> bytes:
    text = value.get("b64")
    if len(value) != 1 or not isinstance(text, str):
        raise InvalidInput(f'input \'{spec.name}\' holds an object that is not {{"b64": "..."}}')
    return from_base64(text, spec)


def from_base64(text: str, spec: TensorSpec) -> bytes:
    """Decode base64 text strictly; raises InvalidInput that names the input."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"input '{spec.name}' holds text that is not base64") from None


def json_type(value: Any) -> str:
    """What a JSON reader would call this value."""
    names = {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _culprit(value: Any, wanted: str) -> str:
    """Name the first leaf that is to blame, for the error sentence."""
    for item in _leaves(value):
        if type(item) not in _LEAVES[wanted]:
            if item is None or isinstance(item, bool):  # by JSON's words, not Python's
                return f"got {'null' if item is None else f'a boolean: {item}'.lower()}"
            return f"got {json_type(item)}: {str(item)[:40]!r}"
        if isinstance(item, int) and not -(2**63) <= item < 2**64:
            return f"got an integer of {len(str(abs(item)))} digits"
    return "got integers beyond 64 bits"
