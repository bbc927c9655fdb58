"""Serving on a long-running server: the synchronous steps, long ones in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TypeVar

from lightship.calls import Call, ModelSelector, Result
from lightship.errors import LightshipError
from lightship.registry.registry import Registry
from lightship.serving.cache import HIT, MISS
from lightship.serving.listing import NeverRead
from lightship.serving.pool import QUICK_SECONDS, Served
from lightship.serving.router import Target, TrafficKey
from lightship.serving.serving import Options, Serving
from lightship.serving.threads import Threads

T = TypeVar("T")

# Seconds to wait for the registry. A read takes tens of milliseconds, and readiness probes time out soon.
_READ_SECONDS = 0.5


class ConcurrentServing:
    """The long-running methods of :class:`Serving`, as coroutines.

    Attributes:
        serving: the models.

    Args:
        registry: where the versions are.
        options: see :class:`Options`.
        threads: run calls, loads and reads of the registry.
    """

    def __init__(self, registry: Registry, options: Options, threads: Threads) -> None:
        self.serving = Serving(registry, options, batching=threads.batching, shadow_executor=threads.shadows)
        self._threads = threads

    async def find(self, selector: ModelSelector, key: TrafficKey = bytes) -> Served:
        """Return the version that answers a request.

        While a new version loads, the one that answered before is used. Raises as :meth:`Serving.find`.
        """
        if ready := self.serving.router.ready(selector, key):
            return ready
        target = await self.read(partial(self._resolve, selector, key))
        served = self.serving.pool.loaded.get((target.name, target.version)) or await self._load(target)
        if not target.explicit:
            self.serving.router.last_versions[served.name] = served.version
        return served

    async def predict(self, served: Served, call: Call) -> tuple[Result, Mapping[str, str]]:
        """Run a call; see :meth:`Serving.predict`."""
        cache = self.serving.responses(served)
        if cache is None:
            return await self._run(served, call), served.headers
        lookup = cache.look_up(served, call)
        if lookup.result is not None:
            return lookup.result, {**served.headers, **HIT}
        result = await self._run(served, call)
        cache.keep(served, lookup, result)
        return result, {**served.headers, **MISS}

    async def read(self, report: Callable[[bool], T]) -> T:
        """Return ``report(True)``, which reads the registry, or ``report(False)``.

        ``report(False)``, which answers from the cache, is used where reading takes longer than half a second or all
        threads for it are busy. Where it raises NeverRead, the read is awaited.
        """
        reading = self._threads.try_read(partial(report, True))
        if reading is not None:
            waiting = asyncio.wrap_future(reading)
            waiting.add_done_callback(
                lambda done: done.cancelled() or done.exception()
            )  # retrieve the exception also after the timeout
            done, _ = await asyncio.wait([waiting], timeout=_READ_SECONDS)
            if done:
                return waiting.result()
        try:
            return report(False)
        except NeverRead:
            return await _shared(reading or self._threads.read(partial(report, True)))

    async def in_call_thread(self, work: Callable[[], T]) -> T:
        """Return the result of work that would block other requests, run in a thread."""
        return await asyncio.wrap_future(self._threads.calls.submit(work))

    async def in_load_thread(self, work: Callable[[], T]) -> T:
        """Return the result of work that loads models, run in a thread."""
        return await asyncio.wrap_future(self._threads.loads.submit(work))

    def retry_failed(self) -> None:
        """Start to load the default versions that failed, where they fit into memory."""
        for key in self.serving.retries():
            self._threads.load_once(key, partial(self.serving.pool.load, spare=True))

    def load_default_once(self, may_read: bool) -> None:
        """Start to load the default model if it has never been loaded."""
        with suppress(LightshipError):
            if (key := self.serving.default_to_load(may_read=may_read)) is not None and self.serving.pool.due(key):
                self._threads.load_once(key, self.serving.pool.load)

    def start(self) -> None:
        """Start to load the models in a thread."""
        self.serving.starting = True
        self._threads.loads.submit(self.serving.start)

    def close(self) -> None:
        """Wait for running work and end the threads; see :meth:`Threads.close`."""
        self._threads.close()

    def _resolve(self, selector: ModelSelector, key: TrafficKey, may_read: bool) -> Target:
        return self.serving.resolve(selector, key, may_read=may_read)

    async def _load(self, target: Target) -> Served:
        pool, key = self.serving.pool, (target.name, target.version)
        pool.check_allowed(target.name)
        previous = self.serving.previous(target)
        if previous is None:
            pool.check_due(key)
            return await _shared(self._threads.load_once(key, pool.load))
        if pool.due(key):
            self._threads.load_once(key, pool.load)
        return previous

    async def _run(self, served: Served, call: Call) -> Result:
        """Run a call: in line if fast, in a batch if that is faster, else in a thread.

        A call with a user's transform may take as long as its time limit: it has a thread of another pool.
        """
        if served.model.transformed:
            return await asyncio.wrap_future(self._threads.transforms.submit(served.predict, call))
        rows = call.rows
        quick = served.seconds_per_row.get(call.signature, 0.0) * rows < QUICK_SECONDS
        if quick and _string_bytes(call) < served.inline_bytes:
            return served.predict(call)
        if rows == 1 and served.batches is not None and served.batches.takes(call):
            return await asyncio.wrap_future(served.batches.submit(call))
        return await self.in_call_thread(partial(served.predict, call))


def _string_bytes(call: Call) -> int:
    """Return the size of a call's strings: splitting them may take longer than a row."""
    strings = (array for array in call.inputs.values() if array.dtype.kind == "O")
    return sum(len(text) for array in strings for text in array.flat)


async def _shared(future: Future[T]) -> T:
    """Return the result of a thread that several requests await.

    The thread continues when one of them is cancelled.
    """
    return await asyncio.shield(asyncio.wrap_future(future))
