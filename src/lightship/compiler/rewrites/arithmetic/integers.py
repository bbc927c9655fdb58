"""Rewrites of integer matrix products and bin counts.

Products are summed in float32, which is exact below 2 ** 24; counts in the dtype of the weights.
"""

from __future__ import annotations

from typing import Any

from lightship.compiler.graph.constants import constant
from lightship.compiler.graph.replacement import Function, Rule

_TERMS = 2**24 // 2**14  # number of products of two int8 that float32 can sum exactly
_COUNTS = {"float32", "int32", "int64"}


def _batch_matmul(operation: Any) -> Function | None:
    """Return int8 matrices' product as a sum of exact float32 products."""
    import tensorflow as tf

    left, right = operation.inputs
    adjoint = [operation.get_attr(name) for name in ("adj_x", "adj_y")]
    terms = left.shape[-2 if adjoint[0] else -1] if left.shape.rank else None
    if left.dtype != tf.int8 or right.dtype != tf.int8 or operation.outputs[0].dtype != tf.int32 or not terms:
        return None

    def function(left: Any, right: Any) -> Any:
        left, right = tf.cast(left, tf.float32), tf.cast(right, tf.float32)
        left = tf.linalg.matrix_transpose(left) if adjoint[0] else left
        right = tf.linalg.matrix_transpose(right) if adjoint[1] else right
        parts = [
            tf.cast(tf.matmul(left[..., start : start + _TERMS], right[..., start : start + _TERMS, :]), tf.int32)
            for start in range(0, terms, _TERMS)
        ]
        return sum(parts[1:], parts[0])

    return function


def _bincount(operation: Any) -> Function | None:
    """Return the sum, weighted if there are weights, of values' one-hot vectors."""
    import tensorflow as tf

    values, size, weights = operation.inputs
    count, shape = constant(size), _shape(values)
    plain = weights.shape.as_list() == [0] if weights.shape.rank is not None else None
    if count is None or shape.rank not in {1, 2} or plain is None or weights.dtype.name not in _COUNTS:
        return None
    binary, depth, sizes = operation.get_attr("binary_output"), int(count), shape.as_list()
    if values.shape.rank is None and None in sizes[1:]:
        return None

    def function(values: Any, _: Any, weights: Any) -> Any:
        values = values if values.shape.rank else tf.reshape(values, [-1, *sizes[1:]])
        counts = tf.one_hot(values, depth, dtype=weights.dtype)
        if binary:
            return tf.reduce_max(counts, -2)
        return tf.reduce_sum(counts if plain else counts * weights[..., None], -2)

    return function


def _shape(tensor: Any) -> Any:
    """Return a tensor's shape, also of a table lookup.

    TensorFlow does not infer the shape of a lookup: it is that of the keys.
    """
    operation = tensor.op
    if tensor.shape.rank is None and operation.type in {"Identity", "Cast"}:
        return _shape(operation.inputs[0])
    if tensor.shape.rank is None and operation.type == "LookupTableFindV2" and operation.inputs[2].shape.rank == 0:
        return _shape(operation.inputs[1])
    return tensor.shape


RULES: dict[str, Rule] = {"BatchMatMulV3": _batch_matmul, "DenseBincount": _bincount}
