"""Expressions in TensorFlow that several families of estimators use."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.traced import Method
from lightship.tensors import Array

_DIFFERENCES = 2**16  # products of centers and features up to which differences are computed one by one


def constant(values: Any) -> Array:
    """Return values as float32, which TensorFlow makes a constant of a traced graph."""
    return np.asarray(values, np.float32)


def affine(weights: Array, offsets: Any) -> Method:
    """Return ``x @ weights + offsets``."""
    import tensorflow as tf

    factor, addend = constant(weights), constant(offsets)
    return lambda x: tf.matmul(x, factor) + addend


def flat(method: Method) -> Method:
    """Return the function's only column [rows]."""
    import tensorflow as tf

    return lambda x: tf.reshape(method(x), [-1])


def largest(method: Method) -> Method:
    """Return the position of the largest column, the first of equal ones."""
    import tensorflow as tf

    return lambda x: tf.argmax(method(x), axis=1, output_type=tf.int32)


def above(method: Method, threshold: float) -> Method:
    """Return 1 where the function's value [rows] is above a threshold, else 0."""
    import tensorflow as tf

    return lambda x: tf.cast(method(x) > threshold, tf.int32)


def softmax(method: Method) -> Method:
    """Return the softmax of each row."""
    import tensorflow as tf

    return lambda x: tf.nn.softmax(method(x))


def complemented(method: Method) -> Method:
    """Return two columns ``1 - p`` and ``p`` of a function's values [rows]."""
    import tensorflow as tf

    def both(x: Any) -> Any:
        second = tf.reshape(method(x), [-1, 1])
        return tf.concat([1.0 - second, second], axis=1)

    return both


def normalised(method: Method) -> Method:
    """Return rows divided by their sum; rows of zeros become uniform."""
    import tensorflow as tf

    def divided(x: Any) -> Any:
        values = method(x)
        total = tf.reduce_sum(values, axis=1, keepdims=True)
        zero = tf.equal(total, 0.0)
        uniform = tf.ones_like(values) / float(values.shape[1])
        return tf.where(zero, uniform, values / tf.where(zero, tf.ones_like(total), total))

    return divided


def nearest(centers: Array) -> Method:
    """Return the position of the nearest center."""
    import tensorflow as tf

    return lambda x: tf.argmin(squared_distances(x, centers), axis=1, output_type=tf.int32)


def squared_distances(x: Any, centers: Array) -> Any:
    """Return squared Euclidean distances [rows, centers].

    The sum of squared differences is the exact way; many centers take a matrix product instead, relative to their mean.
    Integers are moved by an integer, so that products of small ones stay exact.
    """
    import tensorflow as tf

    if centers.size <= _DIFFERENCES:
        apart = tf.expand_dims(x, 1) - tf.expand_dims(constant(centers), 0)
        return tf.reduce_sum(apart * apart, axis=2)
    mean = centers.mean(axis=0)
    origin = np.round(mean) if np.array_equal(centers, np.round(centers)) else mean
    moved, rows = centers - origin, x - constant(origin)
    products = tf.matmul(rows, constant(moved), transpose_b=True)
    squares = tf.reduce_sum(rows * rows, axis=1, keepdims=True)
    return tf.maximum(squares - 2.0 * products + constant((moved**2).sum(axis=1)), 0.0)
