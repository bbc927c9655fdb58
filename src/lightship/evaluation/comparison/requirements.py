"""Requirements on the differences of metrics, such as ``accuracy>=-0.005``."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lightship.errors import InvalidInput
from lightship.evaluation.comparison.comparison import Difference

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_FORM = re.compile(r"\s*([a-z0-9_]+)\s*(>=|<=|>|<)\s*(\S+)\s*")


@dataclass(frozen=True)
class Verdict:
    """A requirement, the difference that was measured, and whether it holds.

    It does not where the second model lost rows, whatever the difference.
    """

    requirement: str
    difference: float
    holds: bool

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return dict(vars(self))


@dataclass(frozen=True)
class Requirement:
    """Limit of the difference of a metric: the second model's minus the first one's."""

    text: str
    metric: str
    operator: str
    limit: float

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Return the requirement in a text; raises InvalidInput."""
        found = _FORM.fullmatch(text)
        if found is None or not math.isfinite(limit := _number(found[3])):
            raise InvalidInput(
                f"{text[:80]!r} is not a requirement: write a metric, one of {', '.join(_OPERATORS)} and the limit of "
                "the difference, such as 'accuracy>=-0.005'"
            )
        return cls(text, found[1], found[2], limit)

    def check(self, differences: Mapping[str, Difference], *, lost: int = 0) -> Verdict:
        """Return whether the requirement holds.

        ``lost`` is the number of rows that only the first model has a finite prediction for: no requirement holds then,
        because the metrics leave these rows out. Raises InvalidInput where the metric does not fit the model or data.
        """
        if self.metric not in differences:
            names = ", ".join(differences)
            raise InvalidInput(f"{self.text[:80]!r}: there is no metric '{self.metric}' here, only {names}")
        difference = differences[self.metric].difference
        return Verdict(self.text, difference, not lost and _OPERATORS[self.operator](difference, self.limit))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
