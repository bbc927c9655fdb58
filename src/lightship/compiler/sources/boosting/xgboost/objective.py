"""The objectives of XGBoost: what they predict from the raw scores (margins)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lightship.compiler.sources.boosting.model import CLASSES, CLASSES_AND_PROBABILITIES, VALUES
from lightship.compiler.trees import Activation
from lightship.errors import SourceRefused


@dataclass(frozen=True)
class Objective:
    """What an objective predicts.

    Attributes:
        activation: the function from raw scores to predictions.
        outputs: names of outputs by signature.
        to_raw: function from base_score to its raw score; raises ValueError, ZeroDivisionError or OverflowError.
    """

    activation: Activation
    outputs: Mapping[str, str]
    to_raw: Callable[[float], float]

    def outputs_of(self, groups: int) -> Mapping[str, str]:
        """Return the outputs; binary classes of several targets are numbers."""
        return self.outputs if groups == 1 or self.activation == "softmax" else VALUES


def _same(score: float) -> float:
    return score


def _logit(score: float) -> float:
    return -math.log(1.0 / score - 1.0)


_IDENTITY = Objective("identity", VALUES, _same)
_LOG = Objective("exp", VALUES, math.log)

OBJECTIVES: Mapping[str, Objective] = {
    **dict.fromkeys(
        ("reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror"),
        _IDENTITY,
    ),
    **dict.fromkeys(("rank:ndcg", "rank:map", "rank:pairwise"), _IDENTITY),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"), _LOG),
    "reg:logistic": Objective("sigmoid", VALUES, _logit),
    "binary:logistic": Objective("sigmoid", CLASSES_AND_PROBABILITIES, _logit),
    "binary:logitraw": _IDENTITY,
    "binary:hinge": Objective("step", CLASSES, _same),
    "multi:softprob": Objective("softmax", CLASSES_AND_PROBABILITIES, _same),
    "multi:softmax": Objective("softmax", CLASSES, _same),
}


def objective_of(name: str, label: str) -> Objective:
    """Return an objective by its name; raises SourceRefused."""
    if name not in OBJECTIVES:
        raise SourceRefused(
            f"{label} has the objective '{name:.80}', which cannot be compiled: the objectives are "
            f"{', '.join(sorted(OBJECTIVES))}"
        )
    return OBJECTIVES[name]
