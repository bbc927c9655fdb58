"""Strict conversion of JSON values to arrays: nested lists, scalars and base64."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, Literal

import numpy as np

from lightship.errors import InvalidInput
from lightship.tensors.specs import (
    MISSING,
    Array,
    TensorSpec,
    check_finite,
    describe_row,
    empty,
    every_row,
    refused,
    unraveled,
)

# The accepted types of the leaves of nested lists, and their name in messages, by numpy's kind of the dtype.
_LEAVES: dict[str, frozenset[type]] = {
    "f": frozenset({int, float}),
    "i": frozenset({int}),
    "u": frozenset({int}),
    "b": frozenset({bool}),
}
_DEEPEST = 64  # numpy's maximum number of dimensions
_NAMES = {"f": "numbers", "i": "integers", "u": "integers", "b": "true or false"}


def to_array(value: Any, spec: TensorSpec, *, over: Literal["raise", "ignore"] = "raise") -> Array:
    """Return a JSON value as an array of the spec's dtype.

    The value is nested lists, a scalar or ``{"b64": text}``; :func:`lightship.tensors.validate` checks its shape.
    Conversion is strict, because JSON types carry meaning: strings, booleans and null are not numbers, ``1.5`` and
    ``1.0`` are not integers, and a number beyond the dtype is refused instead of wrapped. Integers are never converted
    through a floating-point dtype.

    A value with one dimension less than a batched spec is one row and gets a batch dimension; where rows have one
    element, it is a list of rows. Where ``over`` is
    ``ignore``, a float beyond the dtype becomes an infinity. Raises InvalidInput.
    """
    if isinstance(value, dict):
        return _from_base64(value, spec)
    array: Array | None = None
    row = value[0] if isinstance(value, list) and len(value) == 1 else value
    if spec.dtype == "float32" and isinstance(row, list) and row and set(map(type, row)) <= _LEAVES["f"]:
        try:  # one row is the most frequent input: np.array takes four times as long
            flat = np.frombuffer(struct.pack(f"={len(row)}f", *row), np.float32)
            array = flat if row is value else flat[np.newaxis]
        except OverflowError:  # beyond float32, or an integer beyond float64
            pass
    if array is None:
        array = _text_array(value, spec) if spec.dtype == "string" else _number_array(value, spec, over)
    if spec.batched and array.ndim == len(spec.shape) - 1:
        array = array[:, np.newaxis] if spec.row_shape == (1,) else array[np.newaxis]
    return array


def _number_array(value: Any, spec: TensorSpec, over: Literal["raise", "ignore"]) -> Array:
    wanted = spec.numpy.kind
    _check_lists(value, spec)
    try:
        array = np.array(value, spec.numpy if wanted != "f" else None)
    except OverflowError:
        raise _beyond(value, spec) from None
    except ValueError as error:
        raise (_ragged if "inhomogeneous" in str(error) else _too_deep)(spec) from None
    if array.size == 0:
        raise empty(spec)
    return array if wanted != "f" else _floats(array, value, spec, over)


def _floats(array: Array, value: Any, spec: TensorSpec, over: Literal["raise", "ignore"]) -> Array:
    """Return numbers as the spec's floating-point dtype.

    Raises InvalidInput for a number beyond its range.
    """
    if array.dtype == np.object_:
        raise _wrong_leaf(value, spec)
    try:
        with np.errstate(over=over):
            return array.astype(spec.numpy, copy=False)
    except FloatingPointError:
        with np.errstate(over="ignore"):
            beyond = np.isfinite(array) & ~np.isfinite(array.astype(spec.numpy))
        reason = f"a number beyond {spec.dtype}: send smaller numbers"
        raise _refused(reason, np.argwhere(beyond)[0].tolist(), value, spec) from None


def _beyond(value: Any, spec: TensorSpec) -> InvalidInput:
    """Return the error of the first integer outside the range of the dtype."""
    limits = np.iinfo(spec.numpy)
    index, first = _find(value, lambda item: not limits.min <= item <= limits.max)
    got = first if -(2**63) <= first < 2**64 else f"an integer of {len(str(abs(first)))} digits"
    reason = f"an integer outside {spec.dtype}'s range {limits.min}..{limits.max}: got {got}"
    return _refused(reason, index, value, spec)


def _text_array(value: Any, spec: TensorSpec) -> Array:
    try:
        shape = _nested_shape(value, len(spec.shape))
    except ValueError:
        raise _ragged(spec) from None
    if len(shape) > len(spec.shape):
        raise InvalidInput(every_row(spec), input=spec.name)
    flat = np.empty(math.prod(shape), dtype=np.object_)
    for index, item in enumerate(_leaves(value)):
        try:
            flat[index] = item.encode() if isinstance(item, str) else _other_bytes(item, spec)
        except InvalidInput as error:
            raise _refused(error.reason, unraveled(index, shape), value, spec) from None
    return flat.reshape(shape)


def _other_bytes(item: Any, spec: TensorSpec) -> bytes:
    if item is None:
        raise InvalidInput(MISSING)
    if not isinstance(item, dict):
        raise InvalidInput(f"expected strings ({spec}), got {json_type(item)}")
    return _base64_bytes(item, spec)


def _nested_shape(value: Any, rank: int) -> tuple[int, ...]:
    """Return the shape of nested lists; raises ValueError if they are ragged.

    The deepest level is the one below ``rank``.
    """
    if not isinstance(value, list):
        return ()
    shapes = set() if rank < 0 else {_nested_shape(item, rank - 1) for item in value}
    if len(shapes) > 1:
        raise ValueError
    return (len(value), *(shapes.pop() if shapes else ()))


def _check_lists(value: Any, spec: TensorSpec) -> None:
    """Raise InvalidInput unless nested lists have the spec's leaves at one depth.

    Called before numpy, which would allocate every element as large as the longest string, and takes many times as long
    for lists that are not rectangular. Lists are flattened one level at a time, because recursion takes five times as
    long for millions of short lists. Stops at the first invalid level.
    """
    wanted = spec.numpy.kind
    level = [[value]]
    for _ in range(_DEEPEST + 1):
        inside = set(map(type, chain.from_iterable(level)))
        if not inside - {list} <= _LEAVES[wanted]:
            raise _wrong_leaf(value, spec)
        if list not in inside:
            return
        level = list(chain.from_iterable(level)) if len(inside) == 1 else []
        sizes = set(map(len, level))
        if len(sizes) != 1:
            raise _ragged(spec)
        if sizes == {0}:
            raise empty(spec)
    raise _too_deep(spec)


def _too_deep(spec: TensorSpec) -> InvalidInput:
    return InvalidInput(f"the lists are nested too deeply: {every_row(spec)}", input=spec.name)


def _ragged(spec: TensorSpec) -> InvalidInput:
    return InvalidInput(f"ragged: {every_row(spec)}", input=spec.name)


def is_row(value: Any, spec: TensorSpec) -> bool:
    """Return whether nested lists are one row of a batched spec, not a list of rows."""
    depth, inner = 0, value
    while isinstance(inner, list):
        depth += 1
        inner = next((item for item in inner if isinstance(item, list)), None)
    return depth == len(spec.row_shape) and spec.row_shape != (1,)


def _refused(reason: str, index: Sequence[int], value: Any, spec: TensorSpec) -> InvalidInput:
    """Return the error for the element at an index of nested lists."""
    return refused(reason, spec, index, one_row=is_row(value, spec))


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the leaves of nested lists.

    Without recursion: a request may nest a thousand lists.
    """
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(reversed(item))
        else:
            yield item


def _from_base64(value: dict[str, Any], spec: TensorSpec) -> Array:
    """Return ``{"b64": text}`` as an array.

    The bytes are one string, or little-endian elements of whole rows in row-major order.
    """
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
    elements = np.frombuffer(data, dtype=spec.numpy.newbyteorder("<")).astype(spec.numpy)
    array = elements.reshape([-1, *row] if spec.batched else row)
    check_finite(array, spec)
    return array


def _base64_bytes(value: dict[str, Any], spec: TensorSpec) -> bytes:
    text = value.get("b64")
    if len(value) != 1 or not isinstance(text, str):
        raise InvalidInput('expected {"b64": "..."}, got another object', input=spec.name)
    return from_base64(text, spec)


def from_base64(text: str, spec: TensorSpec) -> bytes:
    """Decode base64 text strictly; raises InvalidInput that names the input."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("the text is not base64", input=spec.name) from None


def json_type(value: Any) -> str:
    """Return the JSON name of a value's type."""
    names = {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _find(value: Any, wrong: Callable[[Any], bool]) -> tuple[tuple[int, ...], Any]:
    """Return the index and the value of the first wrong leaf of nested lists.

    Raises LookupError without one. Without recursion, as :func:`_leaves`.
    """
    levels, index = [enumerate([value])], [0]
    while levels:
        position, item = next(levels[-1], (-1, None))
        index[len(levels) - 1 :] = [position]
        if position < 0:
            levels.pop()
        elif isinstance(item, list):
            levels.append(enumerate(item))
        elif wrong(item):
            return tuple(index[1:]), item
    raise LookupError


def _wrong_leaf(value: Any, spec: TensorSpec) -> InvalidInput:
    """Return the error of the first leaf that has another type, or is beyond 64 bits."""
    types = _LEAVES[spec.numpy.kind]

    def wrong(item: Any) -> bool:
        return type(item) not in types or (type(item) is int and not -(2**63) <= item < 2**64)

    try:
        index, item = _find(value, wrong)
    except LookupError:
        index, got = (), "integers beyond 64 bits"
    else:
        got = _shown(item)
    reason = MISSING if got == "null" else f"expected {_NAMES[spec.numpy.kind]} ({spec}), got {got}"
    return _refused(reason, index, value, spec)


def _shown(item: Any) -> str:
    """Return a wrong leaf and its type for a message, in JSON's notation."""
    if item is None or isinstance(item, bool):
        return "null" if item is None else f"a boolean: {item}".lower()
    if isinstance(item, int) and not -(2**63) <= item < 2**64:
        return f"an integer of {len(str(abs(item)))} digits"
    return json_type(item) if isinstance(item, dict) else f"{json_type(item)}: {str(item)[:40]!r}"
