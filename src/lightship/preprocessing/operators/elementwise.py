"""Operators on numbers, booleans and strings, entry by entry, with broadcasting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lightship.preprocessing.operators.base import Operator, plain
from lightship.tensors import Array


def _array(function: Callable[..., Array]) -> Operator:
    """Return the operator of a numpy function, which returns a scalar for scalars."""

    def operation(*arrays: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(*arrays))

    return plain(operation)


def _comparison(function: Callable[..., Array]) -> Operator:
    """Return the operator of a comparison, which numpy makes of objects for strings."""

    def operation(left: Array, right: Array) -> Array:
        return np.asarray(function(left, right), np.bool_)

    return plain(operation)


OPERATORS: dict[str, Operator] = {
    **{
        name: _comparison(getattr(np, name))
        for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
    },
    **{
        name: _array(getattr(np, name))
        for name in (
            "absolute",
            "add",
            "divide",
            "exp",
            "floor",
            "floor_divide",
            "log1p",
            "logical_and",
            "logical_not",
            "logical_or",
            "maximum",
            "minimum",
            "mod",
            "multiply",
            "negative",
            "ones_like",
            "sqrt",
            "subtract",
            "where",
        )
    },
}
