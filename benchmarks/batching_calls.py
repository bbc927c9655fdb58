"""Calls of one row, some at once, with batches and without them.

``python -m benchmarks.batching_calls`` reads orders as JSON from standard input and writes figures to standard output.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass, field

from lightship.calls import Call
from lightship.registry.registry import Registry
from lightship.serving.concurrent import ConcurrentServing
from lightship.serving.router import ModelSelector
from lightship.serving.serving import Options
from lightship.serving.threads import Threads

AT_ONCE = (1, 16)
ROWS = (1, 8)
_WARM_UP = 0.5


@dataclass
class Seen:
    """Calls per second of each round, and calls for each run of the model."""

    rates: list[float] = field(default_factory=list)
    together: float = 1.0
    batched: bool = False


async def watch(serving: ConcurrentServing, name: str, at_once: int, seconds: float, seen: Seen) -> None:
    """Keep so many calls under way for a while."""
    served = await serving.find(ModelSelector(name))
    inputs, _ = served.model.golden()
    call = Call({key: array[:1] for key, array in inputs.items()})
    done = 0

    async def ask(until: float) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await serving.predict(served, call)
            done += 1

    async def all_ask(duration: float) -> None:
        until = time.perf_counter() + duration
        await asyncio.gather(*(ask(until) for _ in range(at_once)))

    await all_ask(_WARM_UP)
    before, done = served.counters.snapshot(name, 1), 0
    start = time.perf_counter()
    await all_ask(seconds)
    seen.rates.append(done / (time.perf_counter() - start))
    after = served.counters.snapshot(name, 1)
    seen.together = (after.calls - before.calls) / (after.executions - before.executions)
    seen.batched = served.batches is not None


def main() -> None:
    """Carry out the orders on standard input."""
    orders = json.load(sys.stdin)
    plan = orders["plan"]
    seen = {(at_once, rows): Seen() for at_once in AT_ONCE for rows in ROWS}
    servings = {
        rows: ConcurrentServing(Registry(orders["registry"]), Options(), Threads(2, rows=rows)) for rows in ROWS
    }
    for _ in range(plan["rounds"]):
        for (at_once, rows), figures in seen.items():
            asyncio.run(watch(servings[rows], orders["name"], at_once, plan["seconds"], figures))
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
        for (at_once, rows), found in seen.items()
    ]
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
