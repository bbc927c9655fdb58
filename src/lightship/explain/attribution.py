"""What a compiled method explains, and its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from lightship.tensors import Array

Tensors = Mapping[str, Array]

CheckTime = Callable[[], None]
"""Raises TooLarge at the end of the time of an explanation."""


def unlimited() -> None:
    """Return: there is no limit of time."""


class Unexplained(Exception):
    """A row that needs another method; the message is the reason.

    Attributes:
        evaluations: how many rows the model has computed for it.
    """

    def __init__(self, reason: str, evaluations: int = 0) -> None:
        super().__init__(reason)
        self.evaluations = evaluations


class Query(NamedTuple):
    """One number of a row of an output.

    Attributes:
        row, baseline: one row each, [1, ...], of the inputs of the default signature, in its order.
        output: the output's name.
        number: the position in a row of the output.
        check_time: is called before each part of the work.
    """

    row: Tensors
    baseline: Tensors
    output: str
    number: int
    check_time: CheckTime = unlimited


class Attribution(NamedTuple):
    """How much each value of a row contributed to one number of the output.

    The values of all inputs add up to ``prediction - base``, as exactly as ``error`` says.

    Attributes:
        method: ``integrated_gradients``, ``coefficients`` or ``tree_shap``.
        values: by input name, a floating-point array of the shape of the row.
        base: the explained number at the baseline.
        prediction: the explained number for the row.
        error: the completeness gap relative to ``prediction - base``.
        evaluations: how many rows the model has computed.
        scale: ``output`` where the explained number is the output's; ``log_odds`` where it is the number that a sigmoid
            or softmax makes the output's probability from.
    """

    method: str
    values: Tensors
    base: float
    prediction: float
    error: float
    evaluations: int
    scale: str = "output"
