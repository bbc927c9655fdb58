"""Models whose raw scores are sums, which explanations can divide exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from lightship.compiler.trees import Activation, Ensemble
from lightship.tensors import Array


@dataclass(frozen=True)
class Coefficients:
    """A linear model.

    Attributes:
        weights: float64 [features, outputs].
        intercept: float64 [outputs].
        activation: the function from raw scores to the prediction of the default signature.
    """

    weights: Array
    intercept: Array
    activation: Activation = "identity"


Additive: TypeAlias = "Ensemble | Coefficients"
