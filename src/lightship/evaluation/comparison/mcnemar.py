"""McNemar's test of two classifiers on the same rows."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

# Up to this many rows on which only one of the models is right, the p-value is exact.
_EXACT = 1000


@dataclass(frozen=True)
class McNemar:
    """Rows on which only one of two models is right, and the p-value.

    The p-value is the probability of a difference as large as this, or larger, between equally good models.
    """

    only_before: int
    only_after: int
    p_value: float

    def to_json(self) -> dict[str, float]:
        """Return the fields."""
        return asdict(self)


def mcnemar(only_before: int, only_after: int) -> McNemar:
    """Return the test's result, two-sided.

    It is the exact binomial test, for many rows the chi-squared test with continuity correction.
    """
    rows, fewer = only_before + only_after, min(only_before, only_after)
    if rows == 0:
        p_value = 1.0
    elif rows <= _EXACT:
        p_value = min(1.0, 2 * sum(math.comb(rows, count) for count in range(fewer + 1)) / 2**rows)
    else:
        statistic = max(0, abs(only_before - only_after) - 1) ** 2 / rows
        p_value = math.erfc(math.sqrt(statistic / 2))
    return McNemar(only_before, only_after, p_value)
