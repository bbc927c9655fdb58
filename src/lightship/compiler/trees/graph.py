"""Evaluation of a forest in TensorFlow, with operators that LiteRT has.

All trees of all rows advance together: the state is the position of a node, int32 [rows, trees]. Measured with 100
trees of depth 17 on LiteRT: levels as a sequence of operators take 40 µs for one row, as a while loop 50 to 110 µs,
and with one gather of packed nodes 200 µs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.trees.forest import MISSING
from lightship.compiler.trees.layout import LARGEST, Layout

_UNROLLED = 64  # levels as a sequence of operators; the rest is a loop
_CHUNK = 16  # trees whose values are added before the sums are: float32 sums of hundreds of values lose digits


def total(layout: Layout, features: Any) -> Any:
    """Return the sums of the leaves' values, float32 [rows, outputs].

    ``features`` is float32 or int32 [rows, columns].
    """
    return _sums(layout, _leaf_values(layout, _reached(layout, _expand(layout, features))))


def _reached(layout: Layout, features: Any) -> Any:
    """Return the position of the leaf that each row reaches in each tree."""
    import tensorflow as tf

    at_root = tf.gather(features, layout.feature[layout.roots], axis=1)
    nodes = layout.child[layout.roots] + tf.cast(at_root > layout.threshold[layout.roots], tf.int32)
    for _ in range(min(layout.depth, _UNROLLED) - 1):
        nodes = _step(layout, features, nodes)
    return nodes if layout.depth <= _UNROLLED else _loop(layout, features, nodes)


def _step(layout: Layout, features: Any, nodes: Any) -> Any:
    import tensorflow as tf

    values = tf.gather(features, tf.gather(layout.feature, nodes), batch_dims=1)
    return tf.gather(layout.child, nodes) + tf.cast(values > tf.gather(layout.threshold, nodes), tf.int32)


def _loop(layout: Layout, features: Any, nodes: Any) -> Any:
    import tensorflow as tf

    count = layout.depth - _UNROLLED
    shapes = [tf.TensorShape([]), tf.TensorShape([None, len(layout.roots)])]
    _, reached = tf.while_loop(
        lambda step, _: step < count,
        lambda step, now: (step + 1, _step(layout, features, now)),
        [tf.constant(0), nodes],
        shape_invariants=shapes,
    )
    return reached


def _expand(layout: Layout, features: Any) -> Any:
    """Return the columns that nodes read: features, missing values as extremes, sets."""
    import tensorflow as tf

    columns = [_with_missing(layout, features, side) for side in _SIDES[layout.missing]]
    for each in layout.memberships:
        table = each.outside.astype(features.dtype.as_numpy_dtype)
        ranks = tf.clip_by_value(tf.cast(features[:, each.feature], tf.int32), MISSING, len(table) - 2)
        columns.append(tf.gather(table, ranks - MISSING))
    return columns[0] if len(columns) == 1 else tf.concat(columns, axis=1)


_SIDES = {"": ("",), "left": ("left",), "right": ("right",), "both": ("left", "right")}


def _with_missing(layout: Layout, features: Any, side: str) -> Any:
    """Return the features; missing values are below or above all thresholds."""
    import tensorflow as tf

    if features.dtype == tf.int32:
        if side != "right":
            return features  # the rank of missing values is below all thresholds
        return tf.where(features == MISSING, np.iinfo(np.int32).max, features)
    if side:
        extreme = tf.constant(LARGEST if side == "right" else -LARGEST)
        features = tf.where(tf.math.is_nan(features), extreme, features)
    return tf.minimum(features, LARGEST)


def _leaf_values(layout: Layout, nodes: Any) -> Any:
    """Return values [rows, trees / groups, outputs]."""
    import tensorflow as tf

    rows = nodes if layout.leaf is None else tf.gather(layout.leaf, nodes)
    shape = [-1, len(layout.roots) // layout.groups, layout.groups * layout.values.shape[1]]
    return tf.reshape(tf.gather(layout.values, rows), shape)


def _sums(layout: Layout, values: Any) -> Any:
    import tensorflow as tf

    trees, outputs = values.shape[1:]
    if trees > 2 * _CHUNK:
        more = -trees % _CHUNK
        padded = tf.pad(values, [[0, 0], [0, more], [0, 0]]) if more else values
        values = tf.reduce_sum(tf.reshape(padded, [-1, (trees + more) // _CHUNK, _CHUNK, outputs]), axis=2)
    return tf.reduce_sum(values, axis=1)
