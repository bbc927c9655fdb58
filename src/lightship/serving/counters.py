"""Counters of a loaded version, for the statistics of the protocols."""

from __future__ import annotations

import time

from lightship.calls import Statistics


class Counters:
    """Counters of one version, updated around each call.

    ``last`` is the Unix time of the last call that succeeded, in seconds. There is no lock on the hot path: concurrent
    updates may, rarely, lose a count.
    """

    def __init__(self) -> None:
        self._calls = self._executions = self._failures = self._rows = 0
        self._nanoseconds = self._failed_nanoseconds = 0
        self._hits = self._hit_nanoseconds = self._misses = self._miss_nanoseconds = 0
        self.last = 0.0

    def count_execution(self, rows: int, start: int, calls: int = 1) -> None:
        """Count ``calls`` calls with ``rows`` rows in total that ran as one execution.

        ``start`` is the time at which it started (time.perf_counter_ns).
        """
        self._calls += calls
        self._executions += 1
        self._rows += rows
        self._nanoseconds += time.perf_counter_ns() - start
        self.last = time.time()

    def count_failure(self, start: int) -> None:
        """Count a call that failed while it ran; it is not one of ``calls``."""
        self._failures += 1
        self._failed_nanoseconds += time.perf_counter_ns() - start

    def count_refusal(self) -> None:
        """Count a call that was refused before it ran; no time is counted."""
        self._failures += 1

    def count_hit(self, rows: int, start: int) -> None:
        """Count a call answered from the response cache; its look-up began at ``start``."""
        self._calls += 1
        self._rows += rows
        self._hits += 1
        self._hit_nanoseconds += time.perf_counter_ns() - start
        self.last = time.time()

    def count_miss(self, nanoseconds: int) -> None:
        """Count a cache miss, and the nanoseconds of looking up and storing."""
        self._misses += 1
        self._miss_nanoseconds += nanoseconds

    def snapshot(self, name: str, version: int) -> Statistics:
        """Return the current counts."""
        return Statistics(
            name,
            version,
            self._calls,
            self._executions,
            self._failures,
            self._rows,
            self._nanoseconds,
            self._failed_nanoseconds,
            self.last,
            self._hits,
            self._hit_nanoseconds,
            self._misses,
            self._miss_nanoseconds,
        )
