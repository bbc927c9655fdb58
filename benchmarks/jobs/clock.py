"""Time and memory of scoring one file.

Only the standard library is imported, because the environment of pandas uses this module, too.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks import processes


class Clock:
    """Clock that starts after imports and loading, which it reports separately."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._start_processor = time.process_time()

    def stop(self) -> dict[str, Any]:
        """Return seconds and MiB, see :func:`benchmarks.jobs.part.measure`."""
        return {
            "seconds": time.perf_counter() - self._started,
            "processor_seconds": time.process_time() - self._start_processor,
            "start_processor_seconds": self._start_processor,
            "peak_memory_mib": processes.peak(),
        }
