"""Rewrite of slices that add axes, such as ``x[:, None, :]``.

LiteRT's converter takes a StridedSlice that adds axes only where all dimensions are static.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lightship.compiler.graph.replacement import Function, Rule

Index = Any  # None for a new axis, Ellipsis, a slice, or an integer that removes an axis


def _add_axes(operation: Any) -> Function | None:
    """Return a slice without new axes, if needed, then an ExpandDims for each."""
    import tensorflow as tf

    bounds = [tf.get_static_value(tensor) for tensor in operation.inputs[1:]]
    rank = operation.inputs[0].shape.rank
    if not operation.get_attr("new_axis_mask") or rank is None or any(bound is None for bound in bounds):
        return None
    indices = list(_indices(operation, *bounds))
    plain = tuple(index for index in indices if index is not None)
    axes = list(_new_axes(indices, rank - sum(index not in (None, Ellipsis) for index in indices)))

    def function(values: Any, *_: Any) -> Any:
        if any(index not in (Ellipsis, slice(None, None, 1)) for index in plain):
            values = values[plain]
        for axis in axes:
            values = tf.expand_dims(values, axis)
        return tf.identity(values)

    return function


def _indices(operation: Any, begins: Any, ends: Any, strides: Any) -> Iterator[Index]:
    """Yield the indices in Python's notation from the operator's bounds and masks."""
    names = ("ellipsis", "new_axis", "shrink_axis", "begin", "end")
    masks = {name: operation.get_attr(f"{name}_mask") for name in names}
    for position, (begin, end, stride) in enumerate(zip(begins.tolist(), ends.tolist(), strides.tolist(), strict=True)):
        bits = {name for name, mask in masks.items() if mask >> position & 1}
        if "ellipsis" in bits:
            yield Ellipsis
        elif "new_axis" in bits:
            yield None
        elif "shrink_axis" in bits:
            yield begin
        else:
            yield slice(None if "begin" in bits else begin, None if "end" in bits else end, stride)


def _new_axes(indices: list[Index], others: int) -> Iterator[int]:
    """Yield the new axes of the result; an Ellipsis covers ``others`` axes."""
    axis = 0
    for index in indices:
        if index is None:
            yield axis
        axis += others if index is Ellipsis else 0 if isinstance(index, int) else 1


RULES: dict[str, Rule] = {"StridedSlice": _add_axes}
