"""Rewrites of operators that move or accumulate values along an axis."""

from __future__ import annotations

from typing import Any

from lightship.compiler.graph.replacement import Function, Rule


def _roll(operation: Any) -> Function | None:
    """Return a concatenation of two slices per axis; None unless these are constant."""
    import tensorflow as tf

    shifts, axes = (tf.get_static_value(tensor) for tensor in operation.inputs[1:])
    if shifts is None or axes is None:
        return None
    moves = list(zip(axes.reshape(-1).tolist(), shifts.reshape(-1).tolist(), strict=True))

    def function(values: Any, *_: Any) -> Any:
        for axis, shift in moves:
            size = values.shape[axis] if values.shape[axis] is not None else tf.shape(values)[axis]
            cut = (-shift) % size
            values = tf.concat([_tail(values, axis, cut), _head(values, axis, cut)], axis)
        return values

    return function


def _cumulative_product(operation: Any) -> Function | None:
    """Return about log2(size) multiplications of values with shifted values.

    After each, an entry is the product of twice as many values. Returns None where the size of the axis is not static.
    """
    import tensorflow as tf

    axis, size = tf.get_static_value(operation.inputs[1]), None
    if axis is not None and operation.inputs[0].shape.rank is not None:
        size = operation.inputs[0].shape[int(axis)]
    if not size:
        return None
    axis, backwards = int(axis), operation.get_attr("reverse")
    exclusive = operation.get_attr("exclusive")

    def function(values: Any, _: Any) -> Any:
        values = tf.reverse(values, [axis]) if backwards else values
        if exclusive:
            first = tf.ones_like(_head(values, axis, 1))
            values = tf.concat([first, _head(values, axis, size - 1)], axis)
        step = 1
        while step < size:
            product = _head(values, axis, size - step) * _tail(values, axis, step)
            values = tf.concat([_head(values, axis, step), product], axis)
            step *= 2
        return tf.reverse(values, [axis]) if backwards else values

    return function


def _head(values: Any, axis: int, count: Any) -> Any:
    """Return the first ``count`` entries on an axis."""
    return values[(slice(None),) * (axis % values.shape.rank) + (slice(0, count),)]


def _tail(values: Any, axis: int, start: Any) -> Any:
    """Return the entries on an axis, beginning with ``start``."""
    return values[(slice(None),) * (axis % values.shape.rank) + (slice(start, None),)]


RULES: dict[str, Rule] = {"Roll": _roll, "Cumprod": _cumulative_product}
