"""Test micro-batching with a gate that blocks the engine.

With the gate, the composition of a batch does not depend on timing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from lightship import engines
from lightship.bundle import Bundle
from lightship.calls import Call, ModelSelector, Statistics
from lightship.engines.base import Engine
from lightship.errors import EngineError, InvalidInput
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.serving.batches import Batches, Batching
from lightship.serving.concurrent import ConcurrentServing
from lightship.serving.counters import Counters
from lightship.serving.serving import Options
from lightship.serving.threads import Threads
from lightship.tensors import Array
from tests.bundles import Registries

PATIENCE = 60


@dataclass
class GatedEngine:
    """An engine that signals each call and runs it once the gate is open."""

    engine: Engine
    gate: threading.Event
    arrived: threading.Semaphore
    stateful = False

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        self.arrived.release()
        assert self.gate.wait(PATIENCE)
        return self.engine.run(signature, inputs)

    def clone(self) -> Engine:
        return GatedEngine(self.engine.clone(), self.gate, self.arrived)


@dataclass
class Bench:
    """Batches of one model whose engine is gated."""

    batches: Batches
    counters: Counters
    gate: threading.Event
    arrived: threading.Semaphore

    def seen(self) -> Statistics:
        return self.counters.snapshot("model", 1)


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def bench(registries: Registries, name: str, batching: Batching) -> Bench:
    bundle = Bundle.open(registries.small / name / "1")
    gate, arrived = threading.Event(), threading.Semaphore(0)
    counters = Counters()
    model = Model(bundle, GatedEngine(engines.load(bundle), gate, arrived))
    names = [signature.name for signature in bundle.manifest.signatures]
    return Bench(Batches(model, counters, batching, names), counters, gate, arrived)


def row(first: float, second: float = 0.0) -> Call:
    return Call({"x": np.array([[first, second]], np.float32)})


def test_calls_waiting_for_running_call_are_one_batch(registries: Registries, executor: ThreadPoolExecutor) -> None:
    held = bench(registries, "modes", Batching(executor, threads=1, rows=8))
    first = held.batches.submit(row(1))
    assert held.arrived.acquire(timeout=PATIENCE)
    rest = [held.batches.submit(row(number, -number)) for number in range(2, 7)]
    held.gate.set()
    assert first.result(PATIENCE).outputs["y"].tolist() == [[2, 0]]
    for number, future in enumerate(rest, start=2):
        assert future.result(PATIENCE).outputs["y"].tolist() == [[2 * number, -2 * number]]
    executor.shutdown()
    assert (held.seen().calls, held.seen().rows) == (6, 6)
    assert held.seen().executions == 3, "the first alone, then a batch of four, then the last"


def test_batch_does_not_exceed_row_limit(registries: Registries, executor: ThreadPoolExecutor) -> None:
    held = bench(registries, "modes", Batching(executor, threads=1, rows=2))
    futures = [held.batches.submit(row(0))]
    assert held.arrived.acquire(timeout=PATIENCE)
    futures += [held.batches.submit(row(number)) for number in range(4)]
    held.gate.set()
    assert [future.result(PATIENCE).outputs["y"][0, 0] for future in futures] == [0, 0, 2, 4, 6]
    executor.shutdown()
    assert held.seen().executions == 3


def test_calls_of_different_signatures_are_not_mixed(registries: Registries, executor: ThreadPoolExecutor) -> None:
    held = bench(registries, "modes", Batching(executor, threads=1, rows=8))
    futures = [held.batches.submit(row(0))]
    assert held.arrived.acquire(timeout=PATIENCE)
    futures += [held.batches.submit(row(2)), held.batches.submit(Call(row(2).inputs, "halve"))]
    futures += [held.batches.submit(row(4)), held.batches.submit(Call(row(4).inputs, "halve"))]
    held.gate.set()
    assert [future.result(PATIENCE).outputs["y"][0, 0] for future in futures] == [0, 4, 1, 8, 2]
    executor.shutdown()
    assert held.seen().executions == 3


def test_invalid_call_is_refused_before_waiting(registries: Registries, executor: ThreadPoolExecutor) -> None:
    held = bench(registries, "modes", Batching(executor, threads=1, rows=8))
    with pytest.raises(InvalidInput, match=r"'x'.*\[1, 3\]"):
        held.batches.submit(Call({"x": np.zeros((1, 3), np.float32)}))


def test_failing_call_does_not_fail_other_calls_of_batch(registries: Registries, executor: ThreadPoolExecutor) -> None:
    held = bench(registries, "table", Batching(executor, threads=1, rows=8))
    futures = [held.batches.submit(Call({"place": np.int32([0])}))]
    assert held.arrived.acquire(timeout=PATIENCE)
    futures += [held.batches.submit(Call({"place": np.int32([place])})) for place in (1, 2, 0, 1)]
    held.gate.set()
    with pytest.raises(EngineError):
        futures.pop(2).result(PATIENCE)
    assert [future.result(PATIENCE).outputs["found"].tolist() for future in futures] == [[10], [20], [10], [20]]
    executor.shutdown()
    assert (held.seen().calls, held.seen().failures) == (4, 1)


def test_cancelled_call_is_not_run(registries: Registries, executor: ThreadPoolExecutor) -> None:
    held = bench(registries, "modes", Batching(executor, threads=1, rows=8))
    held.batches.submit(row(0))
    assert held.arrived.acquire(timeout=PATIENCE)
    gone, stays = held.batches.submit(row(1)), held.batches.submit(row(2))
    assert gone.cancel()
    held.gate.set()
    assert stays.result(PATIENCE).outputs["y"].tolist() == [[4, 0]]
    executor.shutdown()
    assert held.seen().calls == 2


def test_window_fills_batch_while_another_runs(registries: Registries, executor: ThreadPoolExecutor) -> None:
    held = bench(registries, "modes", Batching(executor, threads=2, rows=4, window=PATIENCE))
    alone = held.batches.submit(row(0))
    assert held.arrived.acquire(timeout=PATIENCE), "no other batch is running, so there is no window"
    others = [held.batches.submit(row(number)) for number in range(4)]
    assert held.arrived.acquire(timeout=PATIENCE), "the batch is full"
    held.gate.set()
    assert alone.result(PATIENCE).outputs["y"].tolist() == [[0, 0]]
    assert [future.result(PATIENCE).outputs["y"][0, 0] for future in others] == [0, 2, 4, 6]
    executor.shutdown()
    assert held.seen().executions == 2


def test_window_ends_when_no_other_batch_runs(registries: Registries, executor: ThreadPoolExecutor) -> None:
    held = bench(registries, "modes", Batching(executor, threads=2, rows=4, window=10 * PATIENCE))
    first = held.batches.submit(row(0))
    assert held.arrived.acquire(timeout=PATIENCE)
    second = held.batches.submit(row(1))
    held.gate.set()
    assert first.result(PATIENCE).outputs["y"].tolist() == [[0, 0]]
    assert second.result(PATIENCE).outputs["y"].tolist() == [[2, 0]]


def test_model_with_dependent_rows_is_not_batched(registries: Registries, executor: ThreadPoolExecutor) -> None:
    model = Model.open(registries.small / "centred" / "1")
    inputs, _ = model.golden()
    together, alone = (model.predict(Call({"x": inputs["x"][:rows]})).outputs["y"] for rows in (2, 1))
    assert together[0].tolist() != alone[0].tolist()
    assert Batching(executor, threads=1, rows=8).of(model, Counters()) is None


def test_batching_with_row_limit_one_is_disabled(registries: Registries, executor: ThreadPoolExecutor) -> None:
    model = Model.open(registries.small / "modes" / "1")
    assert Batching(executor, threads=1, rows=1).of(model, Counters()) is None


def test_slow_single_row_calls_are_batched(registries: Registries) -> None:
    serving = ConcurrentServing(Registry(str(registries.small)), Options(), Threads(1))

    async def ask_at_once(held: Bench) -> list[float]:
        served = (await serving.find(ModelSelector("modes")))._replace(
            seconds_per_row={None: 1.0}, batches=held.batches
        )
        asked = [asyncio.ensure_future(serving.predict(served, row(number))) for number in range(5)]
        await asyncio.to_thread(held.arrived.acquire, timeout=PATIENCE)
        held.gate.set()
        return [result.outputs["y"][0, 0] for result, _ in await asyncio.gather(*asked)]

    with ThreadPoolExecutor(1) as executor:
        held = bench(registries, "modes", Batching(executor, threads=1, rows=4))
        assert asyncio.run(ask_at_once(held)) == [0, 2, 4, 6, 8]
    assert held.seen().executions == 2
    serving.close()
