"""Timed checks of a registry for a changed model state.

``python -m benchmarks.registry_calls`` reads parameters from standard input and writes figures to standard output
(JSON).
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.figures import percentile
from lightship.registry.registry import Registry
from lightship.stores import open_store


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    model, location = parameters["model"], parameters["location"]
    if location.startswith("s3://"):
        _copy_state(parameters["source"], location, model)
    registry = Registry(location)
    _, etag = registry.read_state(model)
    assert etag is not None, f"{location} has no state of {model}"
    assert registry.state_changed(model, "another"), "the registry does not detect a changed state"
    waited, worked = [], []
    for _ in range(parameters["questions"]):
        start, work = time.perf_counter_ns(), time.process_time_ns()
        changed = registry.state_changed(model, etag)
        waited.append((time.perf_counter_ns() - start) / 1000)
        worked.append((time.process_time_ns() - work) / 1000)
        assert not changed, "the registry reports an unchanged state as changed"
    figures = {"p50_us": percentile(waited, 50), "p99_us": percentile(waited, 99)}
    json.dump({**figures, "processor_p50_us": percentile(worked, 50), "questions": len(waited)}, sys.stdout)


def _copy_state(source: str, location: str, model: str) -> None:
    """Copy a model's state to a bucket."""
    found = open_store(source).read(f"{model}/state.json")
    assert found is not None, f"{source} has no state of {model}"
    assert open_store(location).write(f"{model}/state.json", found[0], if_match=None)


if __name__ == "__main__":
    main()
