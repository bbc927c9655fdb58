"""Statistics of samples: percentiles and spreads, rounded to significant digits."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return a percentile of the samples by the nearest-rank method."""
    ordered = sorted(samples)
    return significant(ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)])


def spread(samples: Sequence[float]) -> dict[str, Any]:
    """Return median, extremes and the samples in the order of measurement."""
    return {
        "median": significant(statistics.median(samples)),
        "min": significant(min(samples)),
        "max": significant(max(samples)),
        "all": [significant(sample) for sample in samples],
    }


def significant(value: float, digits: int = 4) -> float:
    """Return the value rounded to this number of significant digits."""
    return float(f"{value:.{digits}g}")
