"""JSON values as tensors by TensorFlow Serving's rules, with its error messages.

Valid values are converted at once by :func:`lightship.tensors.to_array`; only invalid ones are checked element by
element, to find the fault.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.inputs import kind_of
from lightship.protocols.tfserving.json import json_type, shown
from lightship.tensors import Array, TensorSpec, to_array

_NAMES = {"float16": "half", "float32": "float", "float64": "double"}
_TYPES = {"f": frozenset({int, float}), "b": frozenset({bool}), "O": frozenset({str})}
_DEEPEST = 64  # numpy's maximum number of dimensions
_EXAMINED = 10_000  # rows searched for the fault; for further ones to_array() raises, without a row number


def is_base64(value: Any) -> bool:
    """Return whether a value is ``{"b64": "…"}`` and nothing else."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def column(value: Any, spec: TensorSpec) -> Array:
    """Return a whole tensor from nested lists; raises InvalidInput."""
    return kind_of(spec).decode(value, spec, nested=lambda value, spec: _convert(value, spec, _faults(value, spec)))


def stack(values: Sequence[Any], spec: TensorSpec, *, key: str = "") -> Array:
    """Return one value per row as a tensor.

    ``key`` is the input's name where rows name it. Raises InvalidInput.
    """

    def nested(values: Sequence[Any], spec: TensorSpec) -> Array:
        return _convert(values, spec, _row_faults(values, spec, key))

    return kind_of(spec).decode(values, spec, nested=nested)


def _convert(value: Any, spec: TensorSpec, faults: Iterator[str]) -> Array:
    if isinstance(value, dict) and spec.dtype != "string":
        _raise_first(faults)
    try:
        return to_array(value, _of_any_rank(spec.name, spec.dtype), over="ignore")
    except InvalidInput:
        _raise_first(faults)
        raise


@lru_cache(maxsize=256)
def _of_any_rank(name: str, dtype: str) -> TensorSpec:
    return TensorSpec(name, dtype, (0,) * _DEEPEST)


def _raise_first(faults: Iterator[str]) -> None:
    for fault in faults:
        raise InvalidInput(fault)


def _row_faults(values: Sequence[Any], spec: TensorSpec, key: str) -> Iterator[str]:
    """Yield the faults of rows: invalid values, or another shape than the first row's."""
    first = _shape(values[0])
    for index, value in enumerate(values[:_EXAMINED]):
        shape = _shape(value)
        fault = _fault(value, shape, spec)
        if fault is None and shape != first:
            sizes = math.prod(first), math.prod(shape)
            fault = f"Expecting tensor size: {sizes[0]} but got: {sizes[1]}"
            if sizes[0] == sizes[1]:
                fault = f"Expecting shape {shape_text(first)} but got: {shape_text(shape)}"
        if fault:
            named = f" key: {key}" if key else ""
            yield f"Failed to process element: {index}{named} of 'instances' list. Error: INVALID_ARGUMENT: {fault}"


def _faults(value: Any, spec: TensorSpec) -> Iterator[str]:
    if fault := _fault(value, _shape(value), spec):
        yield fault


def _fault(value: Any, shape: list[int], spec: TensorSpec) -> str | None:
    if len(shape) > _DEEPEST:
        return f"JSON Value: {shown(value)} is nested too deeply: tensors have at most {_DEEPEST} dimensions"
    return _element_fault(value, 0, shape, spec)


def _element_fault(value: Any, level: int, shape: list[int], spec: TensorSpec) -> str | None:
    if not isinstance(value, list):
        if level == len(shape):
            return _leaf_fault(value, spec)
        return (
            f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM. "
            f"Expected at level: {len(shape)}"
        )
    if level >= len(shape):
        return f"Encountered list at unexpected level: {level} expected < {len(shape)}"
    if len(value) != shape[level]:
        return f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
    if level == len(shape) - 1 and _all_fit(value, spec):
        return None
    return next(filter(None, (_element_fault(item, level + 1, shape, spec) for item in value)), None)


def _all_fit(values: list[Any], spec: TensorSpec) -> bool:
    """Return whether all values are valid by their types alone.

    Fast, even for millions of values.
    """
    return set(map(type, values)) <= _TYPES.get(spec.numpy.kind, frozenset())


def _leaf_fault(value: Any, spec: TensorSpec) -> str | None:
    if isinstance(value, dict) and spec.dtype == "string":
        return _base64_fault(value)
    if _fits(value, spec):
        return None
    wanted = _NAMES.get(spec.dtype, spec.dtype)
    return f"JSON Value: {shown(value)} Type: {json_type(value)} is not of expected type: {wanted}"


def _base64_fault(value: dict[str, Any]) -> str | None:
    if not is_base64(value):
        return f"JSON Value: {shown(value)} not formatted correctly for base64 data"
    try:
        base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError):
        return "Unable to base64 decode"
    return None


def _fits(value: Any, spec: TensorSpec) -> bool:
    match spec.numpy.kind:
        case "O":
            return isinstance(value, str)
        case "b":
            return isinstance(value, bool)
        case "f":
            return isinstance(value, int | float) and not isinstance(value, bool)
    limits = np.iinfo(spec.numpy)
    return isinstance(value, int) and not isinstance(value, bool) and limits.min <= value <= limits.max


def _shape(value: Any) -> list[int]:
    """Return the shape of nested lists by the first element of each level."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return shape


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape in TensorFlow Serving's notation."""
    return f"[{','.join(map(str, shape))}]"
