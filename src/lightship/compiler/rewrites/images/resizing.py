"""Rewrite of image resizing to a fixed size to two matrix multiplications.

Covers bicubic, Lanczos, area and other kernels. All of them are linear in the rows and in the columns of an image. The
matrices are the results of TensorFlow's own operator for the unit vectors, so its rules for half pixels, borders and
antialiasing apply.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.graph.constants import constant
from lightship.compiler.graph.replacement import Function, Rule

_MAX_ENTRIES = 4_000_000  # of one matrix, which is stored in the model
_ATTRIBUTES = {
    "ResizeBicubic": ("align_corners", "half_pixel_centers"),
    "ResizeArea": ("align_corners",),
    "ScaleAndTranslate": ("kernel_type", "antialias"),
}
_ARGUMENTS = ("images", "size", "scale", "translation")
_UNCHANGED = (1, 1.0, 0.0)  # size, scale and translation of an axis of one pixel


def resize(operation: Any) -> Function | None:
    """Return the two multiplications where both image sizes are static."""
    import tensorflow as tf

    image, output = operation.inputs[0], operation.outputs[0]
    if image.shape.rank != 4 or None in image.shape[1:].as_list() or output.dtype != tf.float32:
        return None
    folded = [constant(tensor) for tensor in operation.inputs[1:]]
    values = [value for value in folded if value is not None]
    if len(values) < len(folded):
        return None
    height, width, channels = image.shape[1:].as_list()
    new_height, new_width = map(int, values[0])
    if max(height * new_height, width * new_width) > _MAX_ENTRIES:
        return None
    rows, columns = _matrix(operation, height, values, axis=0), _matrix(operation, width, values, axis=1)

    def function(pixels: Any, *_: Any) -> Any:
        lines = tf.reshape(tf.cast(pixels, tf.float32), [-1, height, width * channels])
        lines = tf.matmul(tf.constant(rows), lines)
        lines = tf.matmul(tf.constant(columns), tf.reshape(lines, [-1, width, channels]))
        return tf.reshape(lines, [-1, new_height, new_width, channels])

    return function


def _matrix(operation: Any, size: int, values: list[Any], *, axis: int) -> Any:
    """Return the [new size, size] matrix that resizes along ``axis``.

    Each unit vector is resized as an image of one column or of one row.
    """
    import tensorflow as tf

    units = np.expand_dims(np.eye(size, dtype=np.float32), (2 - axis, 3))
    along = [np.full_like(value, neutral) for value, neutral in zip(values, _UNCHANGED, strict=False)]
    for changed, value in zip(along, values, strict=True):
        changed[axis] = value[axis]
    arguments = dict(zip(_ARGUMENTS, [units, *along], strict=False))
    attributes = {name: operation.get_attr(name) for name in _ATTRIBUTES[operation.type]}
    resized = getattr(tf.raw_ops, operation.type)(**arguments, **attributes).numpy()
    return np.ascontiguousarray(resized.squeeze((2 - axis, 3)).T)


RULES: dict[str, Rule] = dict.fromkeys(_ATTRIBUTES, resize)
