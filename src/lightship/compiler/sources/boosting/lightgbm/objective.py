"""The objective of a LightGBM model: a name and a few options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lightship.compiler.sources.boosting.lightgbm.text import Section
from lightship.compiler.sources.boosting.model import CLASSES_AND_PROBABILITIES, VALUES
from lightship.compiler.trees import Activation
from lightship.errors import SourceRefused

_REGRESSION = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
# The function from raw scores to predictions, and the outputs, by objective; "" is a function of the user.
_OBJECTIVES: Mapping[str, tuple[Activation, Mapping[str, str]]] = {
    **dict.fromkeys(_REGRESSION, ("identity", VALUES)),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), ("exp", VALUES)),
    **dict.fromkeys(("lambdarank", "rank_xendcg", ""), ("identity", VALUES)),
    "binary": ("sigmoid", CLASSES_AND_PROBABILITIES),
    "cross_entropy": ("sigmoid", VALUES),
    "cross_entropy_lambda": ("softplus", VALUES),
    "multiclass": ("softmax", CLASSES_AND_PROBABILITIES),
    "multiclassova": ("sigmoid", CLASSES_AND_PROBABILITIES),
}
_MULTICLASS = ("multiclass", "multiclassova")
_SIGMOID = ("binary", "multiclassova")


@dataclass(frozen=True)
class Objective:
    """A validated objective.

    Attributes:
        name: LightGBM's name; empty for a function of the user.
        groups: the number of raw scores.
        slope: factor of raw scores in a sigmoid, a float32.
        square_roots: whether the model was trained on square roots (reg_sqrt).
    """

    name: str
    groups: int
    slope: float
    square_roots: bool

    @property
    def activation(self) -> Activation:
        """Return the function from raw scores to predictions."""
        return "signed_square" if self.square_roots else _OBJECTIVES[self.name][0]

    @property
    def outputs(self) -> Mapping[str, str]:
        """Return the names of outputs by signature."""
        return _OBJECTIVES[self.name][1]

    def written(self) -> str:
        """Return the text that LightGBM reads."""
        options = [f"num_class:{self.groups}"] if self.name in _MULTICLASS else []
        options += [f"sigmoid:{self.slope!r}"] if self.name in _SIGMOID else []
        return " ".join([self.name, *options, *(["sqrt"] if self.square_roots else [])])


def objective_of(header: Section, groups: int) -> Objective:
    """Return the objective of a header; raises SourceRefused."""
    name, *options = header.fields.get("objective", "").split() or [""]
    if name not in _OBJECTIVES:
        raise SourceRefused(
            f"{header.label} has the objective '{name:.80}', which cannot be compiled: the objectives are "
            f"{', '.join(sorted(filter(None, _OBJECTIVES)))}"
        )
    if (name in _MULTICLASS) != (groups > 1) and name:
        raise header.broken("num_class", "more than 1 exactly for the objectives multiclass and multiclassova")
    values = dict(option.partition(":")[::2] for option in options)
    allowed = {
        **({"num_class": str(groups)} if name in _MULTICLASS else {}),
        **({"sigmoid": values.get("sigmoid", "")} if name in _SIGMOID else {}),
        **({"sqrt": ""} if name in _REGRESSION else {}),
    }
    if len(values) < len(options) or not values.items() <= allowed.items():
        raise header.broken("objective", "a name and its options, such as 'binary sigmoid:1'")
    return Objective(name, groups, _slope(header, values.get("sigmoid", "1")), "sqrt" in values)


def _slope(header: Section, text: str) -> float:
    try:
        slope = float(np.float32(text))
    except ValueError:
        slope = np.nan
    if not 0 < slope < np.inf:
        raise header.broken("objective", "a name and a positive sigmoid, such as 'binary sigmoid:1'")
    return slope
