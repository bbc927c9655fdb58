"""Which core a process runs on: what is measured has one to itself, what measures stays on another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


def claim() -> None:
    """Keep this process, and the threads it starts from now on, on the first core."""
    if pinnable():
        os.sched_setaffinity(0, _cores()[:1])


@contextmanager
def apart() -> Iterator[None]:
    """Processes that are started inside run on the last core."""
    if not pinnable():
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, _cores()[-1:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def awake() -> Iterator[None]:
    """The last core does not go to sleep inside: what else runs on it goes first, at once and all of the time.

    To wake a sleeping core of a virtual machine takes tens of microseconds, which are the host's and nobody's here.
    """
    if not (pinnable() and hasattr(os, "SCHED_IDLE")):
        yield
        return
    with apart():
        spinning = subprocess.Popen([sys.executable, "-c", _SPIN])
    try:
        yield
    finally:
        spinning.kill()
        spinning.wait()


def spread(processes: Sequence[int]) -> None:
    """Move processes that are running: the first to the last core, the second to the one before, and so on."""
    if pinnable():
        for place, process in enumerate(processes):
            os.sched_setaffinity(process, {_cores()[-1 - place % len(_cores())]})


def pinnable() -> bool:
    """Whether this system lets a process choose its core, and there are two to choose from."""
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
