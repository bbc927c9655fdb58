"""Result of a method for one row."""

from __future__ import annotations

from typing import NamedTuple

from lightship.tensors import Array


class Effects(NamedTuple):
    """The contribution of each feature of one row.

    Attributes:
        method: name of the method.
        values: [features].
        base: the explained number at the baseline.
        prediction: the explained number of the row.
        error: estimate of the error of a value.
        evaluations: rows that the model computed.
        scale: see :class:`lightship.explain.attribution.Attribution`.
    """

    method: str
    values: Array
    base: float
    prediction: float
    error: float
    evaluations: int
    scale: str = "output"
