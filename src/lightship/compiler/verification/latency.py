"""How long one call takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

SECONDS = 0.3  # to measure for, at most
_CALLS = (5, 200)
_SLOW_SECONDS = 1.0


def p50(call: Callable[[], object]) -> float:
    """Return the median seconds of a call, after one that warms up: 5 to 200 calls in 0.3 s, 1 of a slow model."""
    least, most = _CALLS
    times: list[float] = []
    start = time.perf_counter()
    call()
    if time.perf_counter() - start > _SLOW_SECONDS:
        least = 1
    end = time.perf_counter() + SECONDS
    while len(times) < least or (len(times) < most and time.perf_counter() < end):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
