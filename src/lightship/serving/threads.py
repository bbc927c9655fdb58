"""Threads of a long-running server, by purpose, so that no request waits for what another one has started."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from lightship.serving.batches import Batching
from lightship.serving.pool import Key, Served

T = TypeVar("T")

# Reads of the registry at a time. While that many are under way, the cached state is used without another one.
_READS = 4


class Threads:
    """Executors: ``calls`` run models, ``loads`` load them, ``shadows`` run shadow versions.

    Args:
        calls: how many threads run models.
        rows: the most calls of one row to run as one batch; 1 for no batching.
        window: seconds for which a batch may wait for more calls while another one is running.
    """

    def __init__(self, calls: int, *, rows: int = 8, window: float = 0.0) -> None:
        self.calls = ThreadPoolExecutor(calls, "lightship-call")
        self.loads = ThreadPoolExecutor(2, "lightship-load")
        self.shadows = ThreadPoolExecutor(1, "lightship-shadow")
        self.batching = Batching(self.calls, calls, rows, window)
        self._reads = ThreadPoolExecutor(_READS, "lightship-registry")
        self._free = threading.BoundedSemaphore(_READS)
        self._loading: dict[Key, Future[Served]] = {}

    def try_read(self, work: Callable[[], T]) -> Future[T] | None:
        """Start work that reads the registry; None where all of its threads are busy."""
        if not self._free.acquire(blocking=False):
            return None
        reading = self._reads.submit(work)
        reading.add_done_callback(lambda _: self._free.release())
        return reading

    def read(self, work: Callable[[], T]) -> Future[T]:
        """Start work that reads the registry, when a thread is free."""
        return self._reads.submit(work)

    def load_once(self, key: Key, load: Callable[[Key], Served]) -> Future[Served]:
        """Return the loading of a version: the one that is under way, or a new one."""
        future = self._loading.get(key)
        if future is None:
            future = self._loading[key] = self.loads.submit(load, key)
            future.add_done_callback(lambda _: self._loading.pop(key, None))
        return future

    def close(self) -> None:
        """Let running calls finish; reads and loads that have not begun are cancelled."""
        for executor in (self.calls, self.shadows):
            executor.shutdown()
        for executor in (self._reads, self.loads):
            executor.shutdown(cancel_futures=True)
