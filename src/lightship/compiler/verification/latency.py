"""Median duration of one call."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from lightship.compiler import limits

SECONDS = 0.3  # duration of a measurement, unless the minimum of calls takes longer
_CALLS = (5, 200)
_SLOW_SECONDS = 1.0


def p50(call: Callable[[], object], *, slow: bool = False) -> float:
    """Return the median seconds of a call, after one warm-up call.

    Makes at least 5 calls, and up to 200 within 0.3 s; one call if the warm-up took more than a second. Ends the
    process where they take as long as two calls may, unless the model may be ``slow``.
    """
    with limits.calls(2, slow=slow):
        return _p50(call)


def _p50(call: Callable[[], object]) -> float:
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
