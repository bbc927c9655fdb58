"""Rewrites of DivNoNan and MulNoNan, whose results are zero where y is zero.

LiteRT's converter replaces both by operators that compute wrong values above four dimensions.
"""

from __future__ import annotations

from typing import Any

from lightship.compiler.graph.replacement import Function, Rule

_MAX_DIMENSIONS = 4  # for which the converter's replacement is right


def _where_wrong(function: Function) -> Rule:
    """Return a rule for results of more dimensions, or of an unknown number."""
    return lambda operation: (
        None if (operation.outputs[0].shape.rank or _MAX_DIMENSIONS + 1) <= _MAX_DIMENSIONS else function
    )


def _divide(x: Any, y: Any) -> Any:
    import tensorflow as tf

    zero = tf.equal(y, 0)
    return tf.where(zero, tf.zeros([], x.dtype), x / tf.where(zero, tf.ones([], y.dtype), y))


def _multiply(x: Any, y: Any) -> Any:
    import tensorflow as tf

    return tf.where(tf.equal(y, 0), tf.zeros([], x.dtype), x * y)


RULES: dict[str, Rule] = {"DivNoNan": _where_wrong(_divide), "MulNoNan": _where_wrong(_multiply)}
