"""What a loaded version has done so far: counted around each call, read by the statistics of the protocols."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from lightship.calls import Statistics

T = TypeVar("T")


class Counters:
    """Counts of one version. Additions of several threads may, rarely, miss one another: no lock on the hot path.

    ``last`` is the Unix time of the last call, in seconds.
    """

    def __init__(self) -> None:
        self._calls = self._failures = self._rows = 0
        self._nanoseconds = self._failed_nanoseconds = 0
        self.last = 0.0

    def count(self, rows: int, work: Callable[[], T]) -> T:
        """Do the work and count it with its rows and its time."""
        start = time.perf_counter_ns()
        try:
            result = work()
        except Exception:
            self._failures += 1
            self._failed_nanoseconds += time.perf_counter_ns() - start
            raise
        self._calls += 1
        self._rows += rows
        self._nanoseconds += time.perf_counter_ns() - start
        self.last = time.time()
        return result

    def snapshot(self, name: str, version: int) -> Statistics:
        """The counts as they are now."""
        return Statistics(
            name,
            version,
            self._calls,
            self._failures,
            self._rows,
            self._nanoseconds,
            self._failed_nanoseconds,
            self.last,
        )
