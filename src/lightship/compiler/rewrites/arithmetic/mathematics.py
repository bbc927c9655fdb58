"""Approximations, exact to float32, of functions that LiteRT lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightship.compiler.graph.replacement import Function, Rule

# Rational approximation of erf on [-4, 4] in powers of x², the highest first (as in Eigen).
_ERF_OVER = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
_ERF_UNDER = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)
# W. H. Press et al., Numerical Recipes, 6.2: erfc with a relative error below 1.2e-7, in powers of 1 / (1 + |x| / 2).
_ERFC = (
    0.17087277,
    -0.82215223,
    1.48851587,
    -1.13520398,
    0.27886807,
    -0.18628806,
    0.09678418,
    0.37409196,
    1.00002368,
    -1.26551223,
)
# M. Giles, Approximating the erfinv function, single precision: the centre and the tails.
_ERFINV_CENTRE = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
_ERFINV_TAILS = (
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
)


def _of_floats(function: Function) -> Rule:
    """Return a rule for float32 only."""
    return lambda operation: function if operation.inputs[0].dtype.name == "float32" else None


def _polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    total = coefficients[0] + 0.0 * x
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total


def _erf(x: Any) -> Any:
    import tensorflow as tf

    bounded = tf.maximum(tf.minimum(x, 4.0), -4.0)
    square = bounded * bounded
    return bounded * _polynomial(square, _ERF_OVER) / _polynomial(square, _ERF_UNDER)


def _outside_gelu(function: Function) -> Rule:
    """Return a rule that does not apply within GELU, which LiteRT supports.

    Exact GELU is x / 2 times 1 + erf(x / √2), or times erfc(-x / √2).
    """
    rule = _of_floats(function)
    return lambda operation: None if _in_gelu(operation) else rule(operation)


def _in_gelu(operation: Any) -> bool:
    """Return whether the result is multiplied by a source of the argument."""
    last = operation
    if operation.type == "Erf":
        last = next((sum_ for sum_ in operation.outputs[0].consumers() if sum_.type == "AddV2"), operation)
    products = [product for product in last.outputs[0].consumers() if product.type == "Mul"]
    argument = operation.inputs[0].op
    return len(products) == 1 and bool(_sources(products[0], but=last.name) & _sources(argument, but=""))


def _sources(operation: Any, *, but: str) -> set[str]:
    """Return the names of a product's non-constant factors, and of their factors."""
    names: set[str] = set()
    for factor in (tensor.op for tensor in operation.inputs if tensor.op.name != but):
        inner = factor.inputs if factor.type in {"Mul", "RealDiv", "Neg"} else ()
        names |= {tensor.op.name for tensor in (*factor.outputs, *inner) if tensor.op.type != "Const"}
    return names


def _erfc(x: Any) -> Any:
    import tensorflow as tf

    bounded = tf.minimum(tf.abs(x), 11.0)  # beyond it erfc is zero in float32
    t = 1.0 / (1.0 + 0.5 * bounded)
    tail = t * tf.exp(-bounded * bounded + _polynomial(t, _ERFC))
    return tf.where(x < 0.0, 2.0 - tail, tail)


def _erfinv(x: Any) -> Any:
    import tensorflow as tf

    w = -tf.math.log((1.0 - x) * (1.0 + x))
    centre = _polynomial(w - 2.5, _ERFINV_CENTRE)
    tails = _polynomial(tf.sqrt(tf.maximum(w, 0.0)) - 3.0, _ERFINV_TAILS)
    inside = x * tf.where(w < 5.0, centre, tails)
    return tf.where(tf.abs(x) == 1.0, x * float("inf"), inside)


RULES: dict[str, Rule] = {
    "Erf": _outside_gelu(_erf),
    "Erfc": _outside_gelu(_erfc),
    "Erfinv": _of_floats(_erfinv),
}
# The same where LiteRT does not recognise GELU, because something else takes its parts, too.
ERRORS: dict[str, Rule] = {"Erf": _of_floats(_erf), "Erfc": _of_floats(_erfc)}
