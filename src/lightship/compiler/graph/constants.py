"""Constant folding for tensors that depend on constants and static shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lightship.tensors import Array

_UNKNOWN = -1  # a dynamic size

_FOLDS: dict[str, Callable[..., Array]] = {
    "Identity": lambda operation, value: value,
    "Cast": lambda operation, value: value.astype(operation.outputs[0].dtype.as_numpy_dtype),
    "RealDiv": lambda operation, left, right: left / right,
    "Mul": lambda operation, left, right: left * right,
    "Pack": lambda operation, *values: np.stack(values, operation.get_attr("axis")),
}


def constant(tensor: Any) -> Array | None:
    """Return the value of a tensor of an imported graph; None if it is not constant."""
    import tensorflow as tf

    operation = tensor.op
    if (value := tf.get_static_value(tensor)) is not None:
        return np.asarray(value)
    if operation.type == "StridedSlice" and operation.inputs[0].op.type == "Shape":
        return _sizes(operation)
    if operation.type == "Minimum":
        return _clamped(operation)
    if fold := _FOLDS.get(operation.type):
        values = [constant(source) for source in operation.inputs]
        return None if any(value is None for value in values) else np.asarray(fold(operation, *values))
    return None


def _sizes(operation: Any) -> Array | None:
    """Return a part of a tensor's shape; None where it holds a dynamic size."""
    import tensorflow as tf

    shape = operation.inputs[0].op.inputs[0].shape
    bounds = [tf.get_static_value(tensor) for tensor in operation.inputs[1:]]
    if shape.rank is None or any(bound is None for bound in bounds):
        return None
    sizes = np.array([_UNKNOWN if size is None else size for size in shape.as_list()], np.int32)
    masks = {f"{name}_mask": operation.get_attr(f"{name}_mask") for name in ("begin", "end", "shrink_axis", "new_axis")}
    part = tf.strided_slice(sizes, *bounds, **masks).numpy()
    return None if (part == _UNKNOWN).any() else part


def _clamped(operation: Any) -> Array | None:
    """Return ``limit`` for min(limit, max(floor, x)) with floor >= limit, else None."""
    limit, other = (constant(source) for source in operation.inputs)
    limit, at_least = (limit, operation.inputs[1].op) if other is None else (other, operation.inputs[0].op)
    if limit is None or at_least.type != "Maximum":
        return None
    floors = [floor for source in at_least.inputs if (floor := constant(source)) is not None]
    return limit if any((floor >= limit).all() for floor in floors) else None
