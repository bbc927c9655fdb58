"""What the scoring of one file took of the process that did it. Standard library alone: pandas' side has it too."""

from __future__ import annotations

import time
from typing import Any

from benchmarks import processes


class Clock:
    """Runs from when everything is imported and the model is loaded; what was used before is the start's."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._start_processor = time.process_time()

    def stop(self) -> dict[str, Any]:
        """Figures, in seconds and MiB: see :func:`benchmarks.jobs.part.measure`."""
        return {
            "seconds": time.perf_counter() - self._started,
            "processor_seconds": time.process_time() - self._start_processor,
            "start_processor_seconds": self._start_processor,
            "peak_memory_mib": processes.peak(),
        }
