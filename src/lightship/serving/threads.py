"""Threads of a long-running server, one pool per purpose.

Separate pools keep requests from waiting for each other's work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from lightship.serving.batches import Batching
from lightship.serving.pool import Key, Served

T = TypeVar("T")

# Concurrent reads of the registry. While all are running, the cached state is used.
_READS = 4


class Threads:
    """Executors for calls, loads, shadow versions and reads of the registry.

    Args:
        calls: the number of threads that run models, and of those that run models with a user's transform.
        rows: the most calls of one row to run as one batch; 1 for no batching.
        window: seconds for which a batch may wait for more calls while another one is running.
    """

    def __init__(self, calls: int, *, rows: int = 8, window: float = 0.0) -> None:
        self.calls = ThreadPoolExecutor(calls, "lightship-call")
        self.transforms = ThreadPoolExecutor(calls, "lightship-transform")
        self.loads = ThreadPoolExecutor(2, "lightship-load")
        self.shadows = ThreadPoolExecutor(1, "lightship-shadow")
        self.batching = Batching(self.calls, calls, rows, window)
        self._reads = ThreadPoolExecutor(_READS, "lightship-registry")
        self._free_readers = threading.BoundedSemaphore(_READS)
        self._loading: dict[Key, Future[Served]] = {}

    def try_read(self, work: Callable[[], T]) -> Future[T] | None:
        """Start work that reads the registry; None where all its threads are busy."""
        if not self._free_readers.acquire(blocking=False):
            return None
        reading = self._reads.submit(work)
        reading.add_done_callback(lambda _: self._free_readers.release())
        return reading

    def read(self, work: Callable[[], T]) -> Future[T]:
        """Queue work that reads the registry."""
        return self._reads.submit(work)

    def load_once(self, key: Key, load: Callable[[Key], Served]) -> Future[Served]:
        """Return the future of loading a version: the running one, or a new one."""
        future = self._loading.get(key)
        if future is None:
            future = self._loading[key] = self.loads.submit(load, key)
            future.add_done_callback(lambda _: self._loading.pop(key, None))
        return future

    def close(self) -> None:
        """Wait for calls and running work; cancel reads and loads that have not started."""
        for executor in (self.calls, self.transforms, self.shadows):
            executor.shutdown()
        for executor in (self._reads, self.loads):
            executor.shutdown(cancel_futures=True)
