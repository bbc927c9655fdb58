"""Results of calls in threads, in order and with bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def lookahead(
    call: Callable[[T], R], items: Iterable[T], *, threads: int, size: Callable[[T], int], most_bytes: int
) -> Iterator[R]:
    """Yield ``call(item)`` of each item in order, while threads compute the next ones.

    At most two results for each thread, and ``most_bytes`` by the ``size`` of their items, are held, at least one. The
    first exception of a call is raised, and calls that have not begun are cancelled.
    """
    waiting: deque[tuple[Future[R], int]] = deque()
    held = 0
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            bytes_ = size(item)
            while waiting and (len(waiting) >= 2 * threads or held + bytes_ > most_bytes):
                future, released = waiting.popleft()
                held -= released
                yield future.result()
            waiting.append((pool.submit(call, item), bytes_))
            held += bytes_
        while waiting:
            yield waiting.popleft()[0].result()
    finally:
        pool.shutdown(cancel_futures=True)
