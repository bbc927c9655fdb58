"""Questions to a registry whether a model's state is another one, each of them timed.

``python -m benchmarks.registry_calls`` reads orders as JSON from standard input and writes figures to standard output.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.figures import percentile
from lightship import aws
from lightship.registry.registry import Registry
from lightship.stores import open_store


def main() -> None:
    """Carry out the orders on standard input."""
    orders = json.load(sys.stdin)
    model, location = orders["model"], orders["location"]
    if location.startswith("s3://"):
        _copy_state(orders["source"], location, model)
    registry = Registry(location)
    _, etag = registry.read_state(model)
    assert etag is not None, f"{location} has no state of {model}"
    assert registry.state_changed(model, "another"), "the registry does not see that a state is another one"
    waited, worked = [], []
    for _ in range(orders["questions"]):
        start, work = time.perf_counter_ns(), time.process_time_ns()
        changed = registry.state_changed(model, etag)
        waited.append((time.perf_counter_ns() - start) / 1000)
        worked.append((time.process_time_ns() - work) / 1000)
        assert not changed, "the registry takes the same state for another one"
    figures = {"p50_us": percentile(waited, 50), "p99_us": percentile(waited, 99)}
    json.dump({**figures, "processor_p50_us": percentile(worked, 50), "questions": len(waited)}, sys.stdout)


def _copy_state(source: str, location: str, model: str) -> None:
    """A model's state from a folder into a new bucket, as soon as S3 answers: boto3 asks again until it does."""
    aws.client("s3").create_bucket(Bucket=location.removeprefix("s3://"))
    found = open_store(source).read(f"{model}/state.json")
    assert found is not None, f"{source} has no state of {model}"
    assert open_store(location).write(f"{model}/state.json", found[0], if_match=None)


if __name__ == "__main__":
    main()
