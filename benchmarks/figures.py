"""Figures out of samples: percentiles and spreads, rounded to what was measured."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that ``percent`` of all samples do not exceed (nearest rank)."""
    ordered = sorted(samples)
    return significant(ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)])


def spread(samples: Sequence[float]) -> dict[str, Any]:
    """Median, extremes and the samples themselves, in the order they were taken."""
    return {
        "median": significant(statistics.median(samples)),
        "min": significant(min(samples)),
        "max": significant(max(samples)),
        "all": [significant(sample) for sample in samples],
    }


def significant(value: float, digits: int = 4) -> float:
    """A value with so many significant digits."""
    return float(f"{value:.{digits}g}")
