"""What the Linux kernel offers to keep a parent's secrets and to bound a child; harmless elsewhere."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

_lock = threading.Lock()
_hiding = 0


@contextmanager
def undumpable() -> Iterator[None]:
    """Make /proc/<this process>/environ and its memory unreadable for other processes of the same user.

    Several threads may be inside at once; the last one that leaves undoes it. The superuser reads it all the same.
    """
    global _hiding  # noqa: PLW0603 - the attribute belongs to the process, and so does the count
    with _lock:
        _hiding += 1
        _prctl(_PR_SET_DUMPABLE, 0)
    try:
        yield
    finally:
        with _lock:
            _hiding -= 1
            if not _hiding:
                _prctl(_PR_SET_DUMPABLE, 1)


def confine(limits: Mapping[str, float], parent: int) -> None:
    """Bound this process for good: die with ``parent``, gain no privileges, and keep to :class:`sandbox.Limits`.

    The CPU limit sends SIGXCPU, a file over its limit fails with EFBIG, memory over its limit is a MemoryError or an
    abort of the library that asked for it.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _bound(resource.RLIMIT_CPU, int(limits["cpu_seconds"]), spare=5)
    _bound(resource.RLIMIT_AS, int(limits["memory_bytes"]))
    _bound(resource.RLIMIT_FSIZE, int(limits["file_bytes"]))
    _bound(resource.RLIMIT_CORE, 0)


def _bound(kind: int, value: int, spare: int = 0) -> None:
    _, hard = resource.getrlimit(kind)
    wanted = value + spare
    top = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (min(value, top), top))


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
