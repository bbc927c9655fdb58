"""Derivatives of slices, of mirrored padding and of resizing, for static sizes.

Each is linear and works on one axis after the other, so its gradient is a product with a constant matrix for each axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lightship.compiler.graph import constants
from lightship.tensors import Array


def _along(gradient: Any, axis: int, matrix: Array) -> Any:
    """Return the gradient before an axis was multiplied by ``matrix`` [in, out]."""
    import tensorflow as tf

    if matrix.shape[0] == matrix.shape[1] and (matrix == np.eye(len(matrix))).all():
        return gradient
    if _is_part(matrix):
        first = int(matrix[:, 0].argmax())
        padding = [(0, 0)] * len(gradient.shape)
        padding[axis] = (first, matrix.shape[0] - matrix.shape[1] - first)
        return tf.pad(gradient, padding)
    shape = gradient.shape.as_list()
    outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    rows = tf.matmul(tf.constant(matrix[None]), tf.reshape(gradient, [outer, shape[axis], inner]))
    return tf.reshape(rows, [*shape[:axis], matrix.shape[0], *shape[axis + 1 :]])


def _is_part(matrix: Array) -> bool:
    """Return whether the axis was cut to neighbouring elements."""
    first = int(matrix[:, 0].argmax())
    return bool(np.array_equal(matrix, np.eye(len(matrix), dtype=matrix.dtype)[:, first : first + matrix.shape[1]]))


def _resizing(operation: Any, gradient: Any) -> list[Any]:
    import tensorflow as tf

    sizes, results = (tensor.shape.as_list()[1:3] for tensor in (operation.inputs[0], operation.outputs[0]))
    options = {name: operation.get_attr(name) for name in ("align_corners", "half_pixel_centers")}
    resize = getattr(tf.raw_ops, operation.type)
    for axis, size, result in zip((1, 2), sizes, results, strict=True):
        with tf.init_scope():  # computed now
            unit = tf.reshape(tf.eye(size), [size, size, 1, 1])
            matrix = resize(images=unit, size=[result, 1], **options).numpy()[:, :, 0, 0]
        gradient = _along(gradient, axis, matrix)
    return [gradient, None]


def _mirrored(operation: Any, gradient: Any) -> list[Any]:
    mode = {b"REFLECT": "reflect", b"SYMMETRIC": "symmetric"}[operation.get_attr("mode")]
    padding = _constant(operation.inputs[1], "padding")
    for axis, (size, amounts) in enumerate(zip(operation.inputs[0].shape.as_list(), padding, strict=True)):
        unit = np.eye(size, dtype=np.float32)
        gradient = _along(gradient, axis, _padded(unit, amounts, mode))
    return [gradient, None]


def _padded(unit: Array, amounts: Array, mode: Any) -> Array:
    padded: Array = np.pad(unit, [(0, 0), tuple(map(int, amounts))], mode=mode)
    return padded


def _tile(operation: Any, gradient: Any) -> list[Any]:
    """Return the sum over all copies; that of TensorFlow has too many axes for LiteRT."""
    import tensorflow as tf

    shape = operation.outputs[0].shape.as_list()
    for axis, size in enumerate(operation.inputs[0].shape.as_list()):
        if (count := shape[axis] // size) > 1:
            outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
            shape[axis] = size
            gradient = tf.reduce_sum(tf.reshape(gradient, [outer, count, size * inner]), 1)
    return [tf.reshape(gradient, shape), None]


def _constant(tensor: Any, subject: str) -> Array:
    value = constants.constant(tensor)
    if value is None:
        raise LookupError(f"{subject} that is not constant")
    return value


def _slice(operation: Any, gradient: Any) -> list[Any]:
    import tensorflow as tf

    bounds = [_constant(tensor, "a bound of a slice") for tensor in operation.inputs[1:]]
    slices = _slices(operation, *bounds)
    sizes = operation.inputs[0].shape.as_list()
    gradient = tf.reshape(gradient, [len(range(*each.indices(size))) for each, size in zip(slices, sizes, strict=True)])
    for axis, (size, part) in enumerate(zip(sizes, slices, strict=True)):
        gradient = _along(gradient, axis, np.eye(size, dtype=np.float32)[:, part])
    return [gradient, None, None, None]


def _slices(operation: Any, begin: Array, end: Array, strides: Array) -> list[slice]:
    """Return a slice for each axis of the input."""
    masks = {
        name: operation.get_attr(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    marked: Callable[[str, int], bool] = lambda name, entry: bool(masks[name] >> entry & 1)  # noqa: E731
    rank, found = operation.inputs[0].shape.rank, list[slice]()
    kept = sum(not marked("new_axis", entry) and not marked("ellipsis", entry) for entry in range(len(begin)))
    for entry in range(len(begin)):
        if marked("ellipsis", entry):
            found += [slice(None)] * (rank - kept)
        elif marked("shrink_axis", entry):
            start = int(begin[entry])
            found.append(slice(start, start + 1 or None))
        elif not marked("new_axis", entry):
            first = None if marked("begin", entry) else int(begin[entry])
            last = None if marked("end", entry) else int(end[entry])
            found.append(slice(first, last, int(strides[entry])))
    return found + [slice(None)] * (rank - len(found))


DERIVATIVES = {
    "MirrorPad": _mirrored,
    "ResizeBilinear": _resizing,
    "ResizeNearestNeighbor": _resizing,
    "StridedSlice": _slice,
    "Tile": _tile,
}
