"""Derivatives of convolutions and of pooling, for static sizes and channels last.

The gradient of the input is a convolution, too: zeros between and around the gradient's rows and columns, and the
filter's rows and columns in reverse order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.attributions.derivatives import maxima
from lightship.compiler.attributions.derivatives.axes import Axis, axes_of, pooling_of
from lightship.tensors import Array


def _surrounded(gradient: Any, axes: tuple[Axis, Axis]) -> Any:
    """Return the gradient with zeros between and around its rows and columns."""
    import tensorflow as tf

    batch, _, _, channels = gradient.shape
    height, width = axes
    for axis, inner in ((height, width.results * channels), (width, channels)):
        if axis.stride > 1:
            rows = tf.reshape(gradient, [-1, axis.results, 1, inner])
            rows = tf.pad(rows, [[0, 0], [0, 0], [0, axis.stride - 1], [0, 0]])
            gradient = tf.reshape(rows, [-1, axis.results * axis.stride, inner])[:, : axis.dilated]
        gradient = tf.reshape(gradient, [-1, axis.dilated, inner])
    gradient = tf.reshape(gradient, [batch, height.dilated, width.dilated, channels])
    return tf.pad(gradient, [(0, 0), height.margins, width.margins, (0, 0)])


def _reversed(filters: Any) -> Any:
    import tensorflow as tf

    return tf.reverse(filters, [0, 1])


def _convolution(operation: Any, gradient: Any) -> list[Any]:
    import tensorflow as tf

    rows, columns, inner, outer = operation.inputs[1].shape
    dilations = tuple(operation.get_attr("dilations")[1:3])
    axes = axes_of(operation, (rows, columns), dilations)
    groups = operation.inputs[0].shape[3] // inner
    filters = tf.reshape(_reversed(operation.inputs[1]), [rows, columns, inner, groups, outer // groups])
    filters = tf.reshape(tf.transpose(filters, [0, 1, 4, 3, 2]), [rows, columns, outer // groups, groups * inner])
    return [tf.nn.conv2d(_surrounded(gradient, axes), filters, 1, "VALID", dilations=dilations), None]


def _depthwise(operation: Any, gradient: Any) -> list[Any]:
    rows, columns, _, multiplier = operation.inputs[1].shape
    dilations = tuple(operation.get_attr("dilations")[1:3])
    axes = axes_of(operation, (rows, columns), dilations)
    return [_depthwise_input(gradient, operation.inputs[1], axes, multiplier, dilations), None]


def _depthwise_input(
    gradient: Any, filters: Any, axes: tuple[Axis, Axis], multiplier: int, dilations: tuple[int, ...] = (1, 1)
) -> Any:
    """Return the gradient of a depthwise convolution's input.

    ``filters`` are [rows, columns, channels, multiplier]; ``gradient`` has channels * multiplier channels.
    """
    import tensorflow as tf

    batch, channels = gradient.shape[0], gradient.shape[3]
    flipped = tf.reshape(_reversed(filters), [*filters.shape[:2], channels, 1])
    each = tf.nn.depthwise_conv2d(_surrounded(gradient, axes), flipped, [1] * 4, "VALID", dilations=list(dilations))
    if multiplier == 1:
        return each
    split = tf.reshape(each, [batch, axes[0].size * axes[1].size, channels // multiplier, multiplier])
    return tf.reshape(tf.reduce_sum(split, 3), [batch, axes[0].size, axes[1].size, channels // multiplier])


def _average(operation: Any, gradient: Any) -> Any:
    import tensorflow as tf

    window, axes = pooling_of(operation)
    covered = np.outer(*map(_covered, axes)).astype(np.float32)
    ones = tf.ones([*window, gradient.shape[3], 1])
    return _depthwise_input(gradient / covered[None, :, :, None], ones, axes, 1)


def _covered(axis: Axis) -> Array:
    """Return how many elements of the input each window covers."""
    start = np.arange(axis.results) * axis.stride - axis.before
    covered: Array = np.minimum(start + axis.window, axis.size) - np.maximum(start, 0)
    return covered


DERIVATIVES = {
    "Conv2D": _convolution,
    "DepthwiseConv2dNative": _depthwise,
    "AvgPool": _average,
    "MaxPool": maxima.derivative,
}
