"""Operators on numbers, booleans and strings, entry by entry, with broadcasting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lightship.preprocessing.operators.base import Operator, plain
from lightship.preprocessing.operators.sizes import check_broadcast, check_numbers
from lightship.tensors import Array

_STRINGS = frozenset({"add", "where"})


def _array(function: Callable[..., Array], *, strings: bool) -> Operator:
    """Return the operator of a numpy function, which returns a scalar for scalars."""

    def operation(*arrays: Array) -> Array:
        check_broadcast(*arrays)
        for array in arrays if not strings else ():
            check_numbers(array)
        with np.errstate(all="ignore"):
            return np.asarray(function(*arrays))

    return plain(operation)


def _comparison(function: Callable[..., Array]) -> Operator:
    """Return the operator of a comparison, which numpy makes of objects for strings."""

    def operation(left: Array, right: Array) -> Array:
        check_broadcast(left, right)
        return np.asarray(function(left, right), np.bool_)

    return plain(operation)


OPERATORS: dict[str, Operator] = {
    **{
        name: _comparison(getattr(np, name))
        for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
    },
    **{
        name: _array(getattr(np, name), strings=name in _STRINGS)
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
