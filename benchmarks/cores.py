"""Processor affinity: the measured and the measuring process use different cores."""

from __future__ import annotations

import os
import subprocess
import sys
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


@contextmanager
def keep_awake() -> Iterator[None]:
    """Keep the last core from sleeping, with a process of idle priority.

    Any other process on this core preempts it. Waking a sleeping core of a virtual machine takes tens of microseconds,
    which depend on the host and would distort the figures.
    """
    if not (pinnable() and hasattr(os, "SCHED_IDLE")):
        yield
        return
    with last_core():
        spinning = subprocess.Popen([sys.executable, "-c", _SPIN])
    try:
        yield
    finally:
        spinning.kill()
        spinning.wait()


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


_SPIN = """
import os
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
while True:
    pass
"""

_ALLOWED = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
