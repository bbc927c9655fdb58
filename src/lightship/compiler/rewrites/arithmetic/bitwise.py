"""Rewrites of bitwise operators: LiteRT has only exclusive or and right shift."""

from __future__ import annotations

from typing import Any

from lightship.compiler.graph.constants import constant
from lightship.compiler.graph.replacement import Function, Rule

_DTYPES = ("int8", "uint8", "int16", "uint16", "int32")
_HALF = 65536  # 2 ** 16


def _widened(function: Function) -> Rule:
    """Return a rule that computes in int32, for dtypes that fit into int32."""

    def wide(*values: Any) -> Any:
        import tensorflow as tf

        dtype = values[0].dtype
        return tf.cast(function(*(tf.cast(value, tf.int32) for value in values)), dtype)

    return lambda operation: wide if operation.inputs[0].dtype.name in _DTYPES else None


def _and(a: Any, b: Any) -> Any:
    """Return a & b, computed separately for the high and the low 16 bits.

    Within 16 bits, a + b = (a ^ b) + 2 * (a & b) does not overflow.
    """
    import tensorflow as tf

    high = [tf.bitwise.right_shift(value, 16) for value in (a, b)]
    low = [value - half * _HALF for value, half in zip((a, b), high, strict=True)]
    high_bits, low_bits = (
        tf.bitwise.right_shift(one + other - tf.bitwise.bitwise_xor(one, other), 1) for one, other in (high, low)
    )
    return high_bits * _HALF + low_bits


def _or(a: Any, b: Any) -> Any:
    import tensorflow as tf

    return tf.bitwise.bitwise_xor(a, b) + _and(a, b)


def _left_shift(operation: Any) -> Function | None:
    import tensorflow as tf

    shift = constant(operation.inputs[1])
    if operation.inputs[0].dtype != tf.int32 or shift is None or shift.min() < 0 or shift.max() > 31:
        return None
    factors = (2 ** shift.astype("int64")).astype("int32")
    return lambda value, _: value * factors


def _bitwise_and(operation: Any) -> Function | None:
    """Return a comparison with zero for a mask of only the sign bit.

    Keras's ``signbit`` uses such a mask. Other masks use :func:`_and`.
    """
    import tensorflow as tf

    mask = constant(operation.inputs[1])
    if operation.inputs[0].dtype == tf.int32 and mask is not None and (mask == tf.int32.min).all() and mask.size == 1:
        return lambda value, _: tf.where(value < 0, tf.int32.min, 0)
    return _widened(_and)(operation)


RULES: dict[str, Rule] = {
    "BitwiseAnd": _bitwise_and,
    "BitwiseOr": _widened(_or),
    "Invert": _widened(lambda value: -1 - value),
    "LeftShift": _left_shift,
}
