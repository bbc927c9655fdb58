"""Keep the parent's memory and environment from other processes of its user while a child runs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lightship.compiler.sandbox.kernel.syscalls import PR_SET_DUMPABLE, prctl

_lock = threading.Lock()
_hiding = 0


@contextmanager
def undumpable() -> Iterator[None]:
    """Make this process's memory and /proc/<pid>/environ unreadable for other processes of the same user.

    Several threads may be inside at once; the last one that leaves undoes it. The superuser can read them all the same.
    """
    global _hiding  # noqa: PLW0603 - the attribute belongs to the process, and so does the count
    with _lock:
        _hiding += 1
        _set_dumpable(0)
    try:
        yield
    finally:
        with _lock:
            _hiding -= 1
            if not _hiding:
                _set_dumpable(1)


def _set_dumpable(value: int) -> None:
    if sys.platform == "linux":
        prctl(PR_SET_DUMPABLE, value)
