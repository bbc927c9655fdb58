"""Concurrent calls of one row each, with and without micro-batching.

``python -m benchmarks.batching_calls`` reads parameters from standard input and writes figures to standard output
(JSON).
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass, field

from lightship.calls import Call, ModelSelector
from lightship.registry.registry import Registry
from lightship.serving.concurrent import ConcurrentServing
from lightship.serving.serving import Options
from lightship.serving.threads import Threads

AT_ONCE = (1, 16)
ROWS = (1, 8)
_WARM_UP = 0.5


@dataclass
class Measurement:
    """Calls per second of each round, and calls per execution of the model."""

    rates: list[float] = field(default_factory=list)
    together: float = 1.0
    batched: bool = False


async def measure(serving: ConcurrentServing, name: str, at_once: int, seconds: float, result: Measurement) -> None:
    """Keep ``at_once`` calls in progress and add the figures to ``result``."""
    served = await serving.find(ModelSelector(name))
    inputs, _ = served.model.golden()
    call = Call({key: array[:1] for key, array in inputs.items()})
    done = 0

    async def call_until(until: float) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await serving.predict(served, call)
            done += 1

    async def run_all(duration: float) -> None:
        until = time.perf_counter() + duration
        await asyncio.gather(*(call_until(until) for _ in range(at_once)))

    await run_all(_WARM_UP)
    before, done = served.counters.snapshot(name, 1), 0
    start = time.perf_counter()
    await run_all(seconds)
    result.rates.append(done / (time.perf_counter() - start))
    after = served.counters.snapshot(name, 1)
    result.together = (after.calls - before.calls) / (after.executions - before.executions)
    result.batched = served.batches is not None


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    plan = parameters["plan"]
    results = {(at_once, rows): Measurement() for at_once in AT_ONCE for rows in ROWS}
    servings = {
        rows: ConcurrentServing(Registry(parameters["registry"]), Options(), Threads(2, rows=rows)) for rows in ROWS
    }
    for _ in range(plan["rounds"]):
        for (at_once, rows), result in results.items():
            asyncio.run(measure(servings[rows], parameters["name"], at_once, plan["seconds"], result))
    for serving in servings.values():
        serving.close()
    figures = [
        {
            "at_once": at_once,
            "largest_batch": rows,
            "calls_per_second": statistics.median(found.rates),
            "calls_together": found.together,
            "batched": found.batched,
        }
        for (at_once, rows), found in results.items()
    ]
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
