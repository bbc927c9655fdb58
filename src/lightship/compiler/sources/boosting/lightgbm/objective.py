"""The objective of a LightGBM model: a name and a few options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lightship.compiler.sources.boosting.lightgbm.text import Section
from lightship.errors import SourceRefused

_LINKS: Mapping[str, str] = {
    **dict.fromkeys(("regression", "regression_l1", "huber", "fair", "quantile", "mape"), "identity"),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "exp"),
    **dict.fromkeys(("lambdarank", "rank_xendcg", ""), "identity"),
    "binary": "binary",
    "cross_entropy": "sigmoid",
    "cross_entropy_lambda": "softplus",
    "multiclass": "softmax",
    "multiclassova": "one_vs_all",
}
_MULTICLASS = ("multiclass", "multiclassova")
_SIGMOID = ("binary", "multiclassova")
_SQUARED = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")


@dataclass(frozen=True)
class Objective:
    """A validated objective.

    Attributes:
        name: LightGBM's name; empty for a function of the user.
        groups: the number of raw values.
        slope: factor of raw values in a sigmoid, a float32.
        squared: whether the model was trained on square roots.
    """

    name: str
    groups: int
    slope: float
    squared: bool

    @property
    def link(self) -> str:
        """Return the link, a key of ``LINKS`` or ``CLASSIFIERS``."""
        return "square" if self.squared else _LINKS[self.name]

    def written(self) -> str:
        """Return the text that LightGBM reads."""
        options = [f"num_class:{self.groups}"] if self.name in _MULTICLASS else []
        options += [f"sigmoid:{self.slope!r}"] if self.name in _SIGMOID else []
        return " ".join([self.name, *options, *(["sqrt"] if self.squared else [])])


def objective_of(header: Section, groups: int) -> Objective:
    """Return the objective of a header; raises SourceRefused."""
    name, *options = header.fields.get("objective", "").split() or [""]
    if name not in _LINKS:
        raise SourceRefused(
            f"{header.label} has the objective '{name:.80}', which cannot be compiled: the objectives are "
            f"{', '.join(sorted(filter(None, _LINKS)))}"
        )
    if (name in _MULTICLASS) != (groups > 1) and name:
        raise header.broken("num_class", "more than 1 exactly for the objectives multiclass and multiclassova")
    values = dict(option.partition(":")[::2] for option in options)
    allowed = {
        **({"num_class": str(groups)} if name in _MULTICLASS else {}),
        **({"sigmoid": values.get("sigmoid", "")} if name in _SIGMOID else {}),
        **({"sqrt": ""} if name in _SQUARED else {}),
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
