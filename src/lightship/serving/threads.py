"""A long-running server's threads: so that no request waits for what another one has started."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from lightship.serving.batches import Batching
from lightship.serving.pool import Key, Served
from lightship.serving.registry_cache import NeverRead

T = TypeVar("T")

# Seconds to wait for a registry. A question takes tens of milliseconds, and whoever asks for readiness gives up soon.
_PATIENCE = 0.5

# Questions at once. While that many are waiting for their answers, what is known goes on without another one.
_QUESTIONS = 4


class Threads:
    """Threads by what they are for: none of these keeps another one waiting.

    ``calls`` run models, ``loads`` load them, ``shadows`` run what nobody hears.

    Args:
        calls: how many threads run models.
        rows: the most calls of one row to run as one batch.
        window: seconds for which a batch may wait to be fuller.
    """

    def __init__(self, calls: int, rows: int, window: float) -> None:
        self.calls = ThreadPoolExecutor(calls, "lightship-call")
        self.loads = ThreadPoolExecutor(2, "lightship-load")
        self.shadows = ThreadPoolExecutor(1, "lightship-shadow")
        self.batching = Batching(self.calls, calls, rows, window)
        self._questions = ThreadPoolExecutor(_QUESTIONS, "lightship-question")
        self._free = threading.BoundedSemaphore(_QUESTIONS)
        self._once: dict[Key, Future[Served]] = {}

    async def result(self, future: Future[T]) -> T:
        """What a thread is finding out."""
        return await asyncio.wrap_future(future)

    async def shared(self, future: Future[T]) -> T:
        """What a thread is finding out for others too: it goes on should this one wait no longer."""
        return await asyncio.shield(asyncio.wrap_future(future))

    async def told(self, tell: Callable[[bool], T]) -> T:
        """See :meth:`lightship.serving.serving.Catalogue.told`."""
        asking = self._ask(tell) if self._free.acquire(blocking=False) else None
        if asking is not None:
            waiting = asyncio.wrap_future(asking)
            waiting.add_done_callback(lambda done: done.cancelled() or done.exception())  # should nobody wait any more
            done, _ = await asyncio.wait([waiting], timeout=_PATIENCE)
            if done:
                return waiting.result()
        try:
            return tell(False)
        except NeverRead:
            return await self.shared(asking or self._questions.submit(tell, True))

    def _ask(self, tell: Callable[[bool], T]) -> Future[T]:
        asking = self._questions.submit(tell, True)
        asking.add_done_callback(lambda _: self._free.release())
        return asking

    def once(self, key: Key, load: Callable[[Key], Served]) -> Future[Served]:
        """The loading of a version: the one that is under way, or a new one."""
        future = self._once.get(key)
        if future is None:
            future = self._once[key] = self.loads.submit(load, key)
            future.add_done_callback(lambda _: self._once.pop(key, None))
        return future

    def close(self) -> None:
        """Let running calls finish; questions and loads that have not begun never do."""
        for executor in (self.calls, self.shadows):
            executor.shutdown()
        for executor in (self._questions, self.loads):
            executor.shutdown(cancel_futures=True)
