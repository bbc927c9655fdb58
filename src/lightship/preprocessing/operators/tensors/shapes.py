"""Operators on shapes, parts and sums of arrays, with TensorFlow's conventions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lightship.preprocessing.operators.base import Operator, plain
from lightship.preprocessing.operators.sizes import affordable, check_numbers
from lightship.tensors import DTYPES, Array


def identity(array: Array) -> Array:
    """Return the array."""
    return array


def shape(array: Array, *, dtype: str) -> Array:
    """Return the sizes of an array as integers."""
    return np.array(array.shape, DTYPES[dtype])


def size(array: Array, *, dtype: str) -> Array:
    """Return the number of entries."""
    return np.array(array.size, DTYPES[dtype])


def reshape(array: Array, sizes: Array) -> Array:
    """Return the array with other sizes, of which one may be -1."""
    return array.reshape(sizes.tolist())


def squeeze(array: Array, *, axes: Sequence[int]) -> Array:
    """Return the array without these axes, or without all axes of size 1."""
    return np.squeeze(array, tuple(axes) if axes else None)


def expand(array: Array, axis: Array) -> Array:
    """Return the array with a new axis of size 1."""
    return np.expand_dims(array, int(axis))


def stack(*arrays: Array, axis: int) -> Array:
    """Return the arrays along a new axis."""
    affordable([len(arrays), arrays[0].size])
    return np.stack(arrays, axis)


def concatenate(*arrays: Array) -> Array:
    """Return the arrays joined along the axis that is the last argument."""
    affordable([sum([array.size for array in arrays])])
    return np.concatenate(arrays[:-1], int(arrays[-1]))


def tile(array: Array, multiples: Array) -> Array:
    """Return the array repeated along each axis."""
    times = multiples.tolist()
    affordable([array.size, *times])
    return np.tile(array, times)


def cut(array: Array, begin: Array, end: Array, strides: Array, *, masks: Sequence[int]) -> Array:
    """Return a strided slice.

    ``masks`` are begin, end, ellipsis, new axis and shrink axis, as bits.
    """
    begins, ends, ellipses, new, shrunk = masks
    parts: list[slice | int | None] = []
    for bit, (first, last, step) in enumerate(zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)):
        one = 1 << bit
        if ellipses & one:
            parts.append(...)  # type: ignore[arg-type]
        elif new & one:
            parts.append(None)
        elif shrunk & one:
            parts.append(first)
        else:
            parts.append(slice(None if begins & one else first, None if ends & one else last, step))
    return np.asarray(array[tuple(parts)], array.dtype)


def gather(array: Array, indices: Array, axis: Array) -> Array:
    """Return the entries at indices along an axis."""
    along = int(axis)
    affordable([indices.size, array.size // max(array.shape[along], 1)])
    return np.take(array, indices, along)


def count_up(start: Array, limit: Array, delta: Array) -> Array:
    """Return the numbers from ``start`` to below ``limit``."""
    number = float if start.dtype.kind == "f" else int
    first, last, step = number(start), number(limit), number(delta)
    affordable([math.ceil((last - first) / step)])
    array: Array = np.arange(first, last, step).astype(start.dtype)
    return array


def repeat(sizes: Array, value: Array) -> Array:
    """Return an array of these sizes that holds one value."""
    return np.full(affordable(sizes.tolist()), value, value.dtype)


def cumulate(array: Array, axis: Array) -> Array:
    """Return the cumulative sum along an axis."""
    check_numbers(array)
    return np.cumsum(array, int(axis), array.dtype)


def zeros_like(array: Array) -> Array:
    """Return zeros, or empty strings, in the shape of an array."""
    return np.full(array.shape, b"" if array.dtype == np.object_ else 0, array.dtype)


def reduce(array: Array, axes: Array, *, function: str, keep: bool) -> Array:
    """Return ``sum``, ``all``, ``any``, ``max`` or ``min`` along axes.

    Without entries, the maximum is the least value of the dtype, and the minimum the greatest.
    """
    along = tuple(np.atleast_1d(axes).tolist())
    if function == "sum":
        return np.asarray(np.sum(array, along, array.dtype, keepdims=keep))
    if function in ("all", "any"):
        return np.asarray((np.all if function == "all" else np.any)(array, along, keepdims=keep))
    limits = np.iinfo(array.dtype) if array.dtype.kind in "iu" else None
    least, most = (limits.min, limits.max) if limits else (-np.inf, np.inf)
    if function == "max":
        return np.asarray(np.max(array, along, keepdims=keep, initial=least))
    return np.asarray(np.min(array, along, keepdims=keep, initial=most))


def one_hot(indices: Array, depth: Array, on: Array, off: Array, *, axis: int) -> Array:
    """Return ``on`` where a new axis of size ``depth`` has the index, else ``off``."""
    affordable([indices.size, int(depth)])
    last = np.expand_dims(indices, axis)
    place = axis if axis >= 0 else indices.ndim
    numbers = np.arange(int(depth)).reshape([-1 if at == place else 1 for at in range(indices.ndim + 1)])
    return np.where(last == numbers, on, off).astype(on.dtype)


OPERATORS: dict[str, Operator] = {
    "identity": plain(identity),
    "shape": plain(shape),
    "size": plain(size),
    "reshape": plain(reshape),
    "squeeze": plain(squeeze),
    "expand": plain(expand),
    "stack": plain(stack),
    "concatenate": plain(concatenate),
    "tile": plain(tile),
    "cut": plain(cut),
    "gather": plain(gather),
    "count_up": plain(count_up),
    "repeat": plain(repeat),
    "cumulate": plain(cumulate),
    "zeros_like": plain(zeros_like),
    "reduce": plain(reduce),
    "one_hot": plain(one_hot),
}
