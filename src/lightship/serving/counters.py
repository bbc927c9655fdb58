"""What a loaded version has done so far: counted around each call, read by the statistics of the protocols."""

from __future__ import annotations

import time

from lightship.calls import Statistics


class Counters:
    """Counts of one version. Additions of several threads may, rarely, miss one another: no lock on the hot path.

    ``last`` is the Unix time of the last call, in seconds.
    """

    def __init__(self) -> None:
        self._calls = self._executions = self._failures = self._rows = 0
        self._nanoseconds = self._failed_nanoseconds = 0
        self._hits = self._hit_nanoseconds = self._misses = self._miss_nanoseconds = 0
        self.last = 0.0

    def done(self, rows: int, start: int, calls: int = 1) -> None:
        """Count so many rows, of calls that were run as one, begun at ``start`` (time.perf_counter_ns)."""
        self._calls += calls
        self._executions += 1
        self._rows += rows
        self._nanoseconds += time.perf_counter_ns() - start
        self.last = time.time()

    def failed(self, start: int) -> None:
        """Count a call that failed."""
        self._failures += 1
        self._failed_nanoseconds += time.perf_counter_ns() - start

    def refused(self) -> None:
        """Count a call that was refused before it could run, for which no time is counted."""
        self._failures += 1

    def hit(self, rows: int, start: int) -> None:
        """Count a call that the response cache answered, looked up from ``start`` on."""
        self._calls += 1
        self._rows += rows
        self._hits += 1
        self._hit_nanoseconds += time.perf_counter_ns() - start
        self.last = time.time()

    def missed(self, nanoseconds: int) -> None:
        """Count a call that the response cache did not answer, and what looking it up and keeping it took."""
        self._misses += 1
        self._miss_nanoseconds += nanoseconds

    def snapshot(self, name: str, version: int) -> Statistics:
        """The counts as they are now."""
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
