"""Rewrite of 3-D pooling to two 2-D poolings: height and width, then depth."""

from __future__ import annotations

from typing import Any

from lightship.compiler.graph.replacement import Function, Rule

_LAST = [0, 2, 3, 4, 1]  # channels first -> last
_FIRST = [0, 4, 1, 2, 3]


def pool(operation: Any) -> Function | None:
    """Return the two poolings where all sizes but the batch are static.

    The maximum of maxima is exact. So is the mean of means: the number of unpadded positions in a window is the number
    in its height and width times the number in its depth.
    """
    import tensorflow as tf

    first = operation.get_attr("data_format") == b"NCDHW"
    window, strides = ([*operation.get_attr(name)] for name in ("ksize", "strides"))
    volume = operation.inputs[0]
    if first:
        window, strides = ([values[axis] for axis in _LAST] for values in (window, strides))
    if None in volume.shape[1:].as_list() or window[0] != 1 or window[4] != 1 or volume.dtype != tf.float32:
        return None
    padding = operation.get_attr("padding").decode()
    kind = tf.nn.max_pool2d if operation.type == "MaxPool3D" else tf.nn.avg_pool2d

    def function(values: Any) -> Any:
        values = tf.transpose(values, _LAST) if first else values
        _, depth, height, width, channels = values.shape
        planes = kind(tf.reshape(values, [-1, height, width, channels]), window[2:4], strides[2:4], padding)
        _, height, width, _ = planes.shape
        columns = tf.reshape(planes, [-1, depth, height * width, channels])
        columns = kind(columns, [window[1], 1], [strides[1], 1], padding)
        pooled = tf.reshape(columns, [-1, columns.shape[1], height, width, channels])
        return tf.transpose(pooled, _FIRST) if first else pooled

    return function


RULES: dict[str, Rule] = {"MaxPool3D": pool, "AvgPool3D": pool}
