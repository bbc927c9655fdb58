"""Types of operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightship.tensors import Array

Operation = Callable[..., "Array | tuple[Array, ...]"]
"""Function of a step's input arrays, positional, constants included.

It raises InvalidInput for a client's mistake, without the row: an operator's strings may be words. The row is found by
:class:`lightship.preprocessing.program.BoundProgram`.
"""

Operator = Callable[[Mapping[str, Any], Mapping[int, "Array"]], Operation]
"""Function of a step's options and constant inputs (by position); raises KeyError, TypeError or ValueError."""


def plain(function: Operation) -> Operator:
    """Return the operator of a function that takes the options as keywords."""

    def operator(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
        return partial(function, **options) if options else function

    return operator
