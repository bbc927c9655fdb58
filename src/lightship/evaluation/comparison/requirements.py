"""Requirements on the differences of metrics, such as ``accuracy>=-0.005``."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lightship.errors import InvalidInput
from lightship.evaluation.comparison.comparison import ComparedOutput

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
# The name of an output may contain any characters, that of a metric may not.
_FORM = re.compile(r"\s*(?:(.+)\.)?([a-z0-9_]+)\s*(>=|<=|>|<)\s*(\S+)\s*", re.DOTALL)


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
    """Limit of the difference of a metric: the second model's minus the first one's.

    ``output`` is the name of an output, None for the first.
    """

    text: str
    output: str | None
    metric: str
    operator: str
    limit: float

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Return the requirement in a text; raises InvalidInput."""
        found = _FORM.fullmatch(text)
        if found is None or not math.isfinite(limit := _number(found[4])):
            raise InvalidInput(
                f"{text[:80]!r} is not a requirement: write a metric, one of {', '.join(_OPERATORS)} and the limit of "
                "the difference, such as 'accuracy>=-0.005', or 'OUTPUT.accuracy>=-0.005' of another output than the "
                "first"
            )
        return cls(text, found[1], found[2], found[3], limit)

    def check(self, outputs: Sequence[ComparedOutput], *, lost: int = 0) -> Verdict:
        """Return whether the requirement holds.

        ``lost`` is the number of rows that only the first model has a finite prediction for: no requirement holds then,
        because the metrics leave these rows out. Raises InvalidInput where the metric does not fit the model or data.
        """
        found = self._select(outputs)
        if self.metric in found.absent:
            raise InvalidInput(
                f"{self.text[:80]!r}: '{self.metric}' of '{found.output}' is undefined for these rows: "
                f"{found.absent[self.metric]}"
            )
        if self.metric not in found.metrics:
            names = ", ".join([*found.metrics, *found.absent])
            raise InvalidInput(f"{self.text[:80]!r}: there is no metric '{self.metric}' here, only {names}")
        difference = found.metrics[self.metric].difference
        return Verdict(self.text, difference, not lost and _OPERATORS[self.operator](difference, self.limit))

    def _select(self, outputs: Sequence[ComparedOutput]) -> ComparedOutput:
        if self.output is None:
            return outputs[0]
        found = next((each for each in outputs if each.output == self.output), None)
        if found is None:
            names = ", ".join(f"'{each.output}'" for each in outputs)
            raise InvalidInput(f"{self.text[:80]!r}: there is no output '{self.output[:80]}' here, only {names}")
        return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
