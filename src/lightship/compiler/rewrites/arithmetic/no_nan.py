"""Rewrites of DivNoNan and MulNoNan, wrong in LiteRT above four dimensions."""

from __future__ import annotations

from typing import Any

from lightship.compiler.graph.replacement import Function, Rule

_DIMENSIONS = 4  # up to which the converter's own form of these operators is right


def _where_wrong(function: Function) -> Rule:
    """Return a rule for results of more dimensions, or of an unknown number."""
    return lambda operation: None if (operation.outputs[0].shape.rank or _DIMENSIONS + 1) <= _DIMENSIONS else function


def _divide(x: Any, y: Any) -> Any:
    import tensorflow as tf

    zero = tf.equal(y, 0)
    return tf.where(zero, tf.zeros([], x.dtype), x / tf.where(zero, tf.ones([], y.dtype), y))


def _multiply(x: Any, y: Any) -> Any:
    import tensorflow as tf

    return tf.where(tf.equal(y, 0), tf.zeros([], x.dtype), x * y)


RULES: dict[str, Rule] = {"DivNoNan": _where_wrong(_divide), "MulNoNan": _where_wrong(_multiply)}
