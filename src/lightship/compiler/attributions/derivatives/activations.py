"""Derivatives of activations and of the normalisation of batches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

_LARGE = 1e38  # times a positive number, it is at least 1

Slope = Callable[[Any, Any, Any], Any]
"""Function of an operation, its input and its output, which returns dy/dx."""


def _times(slope: Slope) -> Callable[[Any, Any], Any]:
    return lambda operation, gradient: gradient * slope(operation, operation.inputs[0], operation.outputs[0])


def positive(x: Any) -> Any:
    """Return 1 where a number is positive, else 0.

    Made of operators that LiteRT computes eight numbers at a time, which comparisons and casts are not. Numbers below
    1e-38 become a fraction.
    """
    import tensorflow as tf

    return tf.minimum(tf.nn.relu(x) * _LARGE, 1.0)


def _relu(operation: Any, x: Any, y: Any) -> Any:
    import tensorflow as tf

    return tf.minimum(y * _LARGE, 1.0)


def _relu6(operation: Any, x: Any, y: Any) -> Any:
    return _relu(operation, x, y) * positive(6.0 - y)


def _leaky_relu(operation: Any, x: Any, y: Any) -> Any:
    alpha = operation.get_attr("alpha")
    return alpha + (1.0 - alpha) * positive(x)


def _elu(operation: Any, x: Any, y: Any) -> Any:
    import tensorflow as tf

    return tf.minimum(y, 0.0) + 1.0


def _selu(operation: Any, x: Any, y: Any) -> Any:
    import tensorflow as tf

    scale, alpha = 1.0507009873554805, 1.6732632423543772
    above = positive(y)
    return above * scale + (1.0 - above) * (tf.minimum(y, 0.0) + scale * alpha)


def _softplus(operation: Any, x: Any, y: Any) -> Any:
    import tensorflow as tf

    return tf.sigmoid(x)


def _softsign(operation: Any, x: Any, y: Any) -> Any:
    import tensorflow as tf

    return 1.0 / tf.square(1.0 + tf.abs(x))


def _tanh(operation: Any, x: Any, y: Any) -> Any:
    return 1.0 - y * y


def _sigmoid(operation: Any, x: Any, y: Any) -> Any:
    return y * (1.0 - y)


def _sqrt(operation: Any, x: Any, y: Any) -> Any:
    return 0.5 / y


def _rsqrt(operation: Any, x: Any, y: Any) -> Any:
    return -0.5 * y * y * y


def _reciprocal(operation: Any, x: Any, y: Any) -> Any:
    return -1.0 * y * y


def _erf(operation: Any, x: Any, y: Any) -> Any:
    import tensorflow as tf

    return (2.0 / math.sqrt(math.pi)) * tf.exp(-tf.square(x))


def _erfc(operation: Any, x: Any, y: Any) -> Any:
    return -1.0 * _erf(operation, x, y)


def _batch_normalisation(operation: Any, gradient: Any, *others: Any) -> list[Any]:
    import tensorflow as tf

    if operation.get_attr("is_training"):
        raise LookupError("batch normalisation by the batch's own statistics")
    _, scale, _, _, variance = operation.inputs
    factor = scale * tf.math.rsqrt(variance + operation.get_attr("epsilon"))
    return [gradient * factor, None, None, None, None]


DERIVATIVES = {
    "Relu": _times(_relu),
    "Relu6": _times(_relu6),
    "LeakyRelu": _times(_leaky_relu),
    "Elu": _times(_elu),
    "Selu": _times(_selu),
    "Softplus": _times(_softplus),
    "Softsign": _times(_softsign),
    "Tanh": _times(_tanh),
    "Sigmoid": _times(_sigmoid),
    "Sqrt": _times(_sqrt),
    "Rsqrt": _times(_rsqrt),
    "Reciprocal": _times(_reciprocal),
    "Inv": _times(_reciprocal),
    "Erf": _times(_erf),
    "Erfc": _times(_erfc),
    "FusedBatchNorm": _batch_normalisation,
    "FusedBatchNormV2": _batch_normalisation,
    "FusedBatchNormV3": _batch_normalisation,
}
