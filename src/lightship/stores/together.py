"""Requests that run at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

_MOST = 8


def together(tasks: Iterable[Callable[[], T]]) -> list[T]:
    """Return the results of tasks that wait for the network, in their order.

    At most eight run at the same time. Raises the first task's error once all of them have ended. It uses plain
    threads: importing concurrent.futures takes longer than a small download.
    """
    waiting = list(enumerate(tasks))
    results: dict[int, T] = {}
    errors: dict[int, BaseException] = {}
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not waiting or errors:
                    return
                number, task = waiting.pop(0)
            try:
                results[number] = task()
            except BaseException as error:
                errors[number] = error

    total = len(waiting)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(_MOST, total) - 1)]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[min(errors)]
    return [results[number] for number in range(total)]
