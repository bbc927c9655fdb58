"""Resizing of images to a fixed size by bicubic, Lanczos, area and other kernels: two matrix multiplications.

All of them are linear in the rows and in the columns of an image. The matrices are what TensorFlow's own operator makes
of the unit vectors, so its rules about half pixels, borders and antialiasing hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.graph.constants import constant
from lightship.compiler.graph.replacement import Function, Rule

_ENTRIES = 4_000_000  # of a matrix: it becomes a part of the model
_ATTRIBUTES = {
    "ResizeBicubic": ("align_corners", "half_pixel_centers"),
    "ResizeArea": ("align_corners",),
    "ScaleAndTranslate": ("kernel_type", "antialias"),
}
_ARGUMENTS = ("images", "size", "scale", "translation")
_UNCHANGED = (1, 1.0, 0.0)  # size, scale and translation of an axis of one pixel


def resize(operation: Any) -> Function | None:
    """Return the two multiplications where the image's size and the new one are known."""
    import tensorflow as tf

    image, output = operation.inputs[0], operation.outputs[0]
    if image.shape.rank != 4 or None in image.shape[1:].as_list() or output.dtype != tf.float32:
        return None
    known = [constant(tensor) for tensor in operation.inputs[1:]]
    values = [value for value in known if value is not None]
    if len(values) < len(known):
        return None
    height, width, channels = image.shape[1:].as_list()
    new_height, new_width = map(int, values[0])
    if max(height * new_height, width * new_width) > _ENTRIES:
        return None
    rows, columns = _matrix(operation, height, values, axis=0), _matrix(operation, width, values, axis=1)

    def function(pixels: Any, *_: Any) -> Any:
        lines = tf.reshape(tf.cast(pixels, tf.float32), [-1, height, width * channels])
        lines = tf.matmul(tf.constant(rows), lines)
        lines = tf.matmul(tf.constant(columns), tf.reshape(lines, [-1, width, channels]))
        return tf.reshape(lines, [-1, new_height, new_width, channels])

    return function


def _matrix(operation: Any, size: int, values: list[Any], *, axis: int) -> Any:
    """Return [new size, size]: the unit vectors, each an image of one column or of one row, resized along ``axis``."""
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
