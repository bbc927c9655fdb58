"""How long one call takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

_SECONDS = 0.3
_CALLS = (5, 200)


def p50(call: Callable[[], object]) -> float:
    """Median seconds of a call, after one that warms up: at least 5 of them, at most 200 or 0.3 s."""
    call()
    least, most = _CALLS
    times: list[float] = []
    end = time.perf_counter() + _SECONDS
    while len(times) < least or (len(times) < most and time.perf_counter() < end):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
