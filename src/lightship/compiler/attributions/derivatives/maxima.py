"""Derivative of the largest element of each window, which is the first of several.

The image is divided into cells of one stride by one stride. A window's element at one offset is then at the same offset
in all cells, so that all windows' elements there are one slice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lightship.compiler.attributions.derivatives.activations import positive
from lightship.compiler.attributions.derivatives.axes import Axis, pooling_of

_LOWEST = float(np.finfo(np.float32).min)  # padding that is never a maximum
_MOST = 64  # elements of a window, each of which takes about six operators


def derivative(operation: Any, gradient: Any) -> Any:
    """Return the gradient of the input of a MaxPool operation."""
    import tensorflow as tf

    window, axes = pooling_of(operation)
    if window[0] * window[1] > _MOST:
        raise LookupError(f"the maximum of more than {_MOST} elements")
    largest, cells = operation.outputs[0], _cells(operation.inputs[0], axes)
    left, parts = tf.ones_like(largest), {}
    for offset in _offsets(window):
        first = (1.0 - positive(largest - _elements(cells, offset, axes))) * left
        left = left - first
        parts[offset] = first * gradient
    return _assembled(parts, axes)


def _offsets(window: tuple[int, int]) -> Iterator[tuple[int, int]]:
    return ((row, column) for row in range(window[0]) for column in range(window[1]))


def _cells(image: Any, axes: tuple[Axis, Axis]) -> Any:
    """Return [rows, vertical cells, stride, horizontal cells, stride * channels]."""
    import tensorflow as tf

    batch, channels = image.shape[0], image.shape[3]
    for number, axis in enumerate(axes):
        image = _resized(image, number + 1, axis.before, axis.cells * axis.stride, _LOWEST)
    height, width = axes
    return tf.reshape(image, [batch, height.cells, height.stride, width.cells, width.stride * channels])


def _elements(cells: Any, offset: tuple[int, int], axes: tuple[Axis, Axis]) -> Any:
    """Return one element of each window, [rows, height, width, channels]."""
    import tensorflow as tf

    height, width = axes
    (down, row), (right, column) = (divmod(at, axis.stride) for at, axis in zip(offset, axes, strict=True))
    channels = cells.shape[4] // width.stride
    start = [0, down, row, right, column * channels]
    part = tf.slice(cells, start, [cells.shape[0], height.results, 1, width.results, channels])
    return tf.reshape(part, [cells.shape[0], height.results, width.results, channels])


def _assembled(parts: dict[tuple[int, int], Any], axes: tuple[Axis, Axis]) -> Any:
    """Return the image whose windows' elements are the parts, summed."""
    import tensorflow as tf

    height, width = axes
    batch, _, _, channels = next(iter(parts.values())).shape
    lines = [
        tf.concat([_cell(parts, (row, column), axes) for column in range(width.stride)], 3)
        for row in range(height.stride)
    ]
    flat = [tf.reshape(line, [batch, height.cells, 1, width.cells * width.stride * channels]) for line in lines]
    image = tf.reshape(tf.concat(flat, 2), [batch, height.cells * height.stride, width.cells * width.stride, channels])
    for number, axis in enumerate(axes):
        image = _resized(image, number + 1, -axis.before, axis.size, 0.0)
    return image


def _cell(parts: dict[tuple[int, int], Any], offset: tuple[int, int], axes: tuple[Axis, Axis]) -> Any:
    """Return the sum of all parts at one offset of the cells."""
    import tensorflow as tf

    height, width = axes
    found = []
    for down in range(height.overlap + 1):
        for right in range(width.overlap + 1):
            part = parts.get((offset[0] + down * height.stride, offset[1] + right * width.stride))
            if part is not None:
                margins = [(down, height.overlap - down), (right, width.overlap - right)]
                found.append(tf.pad(part, [(0, 0), *margins, (0, 0)]))
    if not found:  # the stride is larger than the window
        batch, _, _, channels = next(iter(parts.values())).shape
        return tf.zeros([batch, height.cells, width.cells, channels])
    return sum(found[1:], found[0])


def _resized(image: Any, axis: int, before: int, size: int, value: float) -> Any:
    """Add elements before an axis, or remove them; then at its end, to a size."""
    import tensorflow as tf

    after = size - before - image.shape[axis]
    start, sizes = [0] * 4, image.shape.as_list()
    start[axis] = max(0, -before)
    sizes[axis] += min(0, before) + min(0, after)
    padding = [(0, 0)] * 4
    padding[axis] = (max(0, before), max(0, after))
    return tf.pad(tf.slice(image, start, sizes), padding, constant_values=value)
