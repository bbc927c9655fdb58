"""Result of every method of explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lightship.tensors import Array

CheckTime = Callable[[], None]
"""Raises TooLarge at the end of the time of an explanation."""


def unlimited() -> None:
    """Return: there is no limit of time."""


@dataclass(frozen=True)
class Attribution:
    """How much each value of the input contributed to one number of the output.

    For each row, the values of all inputs add up to ``prediction - base``, as exactly as ``error`` says.

    Attributes:
        method: ``integrated_gradients``, ``coefficients``, ``tree_shap``, ``occlusion`` or ``kernel_shap``.
        output: the output's name.
        target: the class name, or the index of the explained number in a row of the output; None where the output
            is one number.
        values: by input name, a floating-point array of the shape of the input rows.
        base: [n], the explained number at the baseline.
        prediction: [n], the explained number for the row.
        error: [n], the method's error estimate: the completeness gap relative to ``prediction - base``, or a standard
            error.
        steps: how many evaluations of the model each row took.
        scale: ``output`` where the explained number is the output's; ``log_odds`` where it is the number that a sigmoid
            or softmax makes the output's probability from.
    """

    method: str
    output: str
    target: str | int | None
    values: Mapping[str, Array]
    base: Array
    prediction: Array
    error: Array
    steps: int
    scale: str = "output"
