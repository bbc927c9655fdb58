"""Processor affinity: the measured and the measuring process use different cores."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path


def pin_self() -> None:
    """Pin this process and threads that it starts from now on to the first core."""
    if pinnable():
        os.sched_setaffinity(0, _cores()[:1])


def last_core() -> AbstractContextManager[None]:
    """Pin processes that are started inside the context to the last core."""
    return _pinned(slice(-1, None))


def every_core() -> AbstractContextManager[None]:
    """Let processes that are started inside the context use all cores."""
    return _pinned(slice(None))


@contextmanager
def _pinned(which: slice) -> Iterator[None]:
    if not pinnable():
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, _cores()[which])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pin_processes(processes: Sequence[int]) -> None:
    """Pin running processes: the first to the last core, the second to the one before."""
    if pinnable():
        for index, process in enumerate(processes):
            os.sched_setaffinity(process, {_cores()[-1 - index % len(_cores())]})


def unpin(process: int) -> None:
    """Let a running process and its threads use all cores."""
    if pinnable():
        for thread in Path(f"/proc/{process}/task").iterdir():
            os.sched_setaffinity(int(thread.name), _cores())


def pinnable() -> bool:
    """Return whether this system supports affinity and has at least two cores."""
    return hasattr(os, "sched_setaffinity") and len(_cores()) > 1


def _cores() -> list[int]:
    return list(_ALLOWED)


_ALLOWED = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
