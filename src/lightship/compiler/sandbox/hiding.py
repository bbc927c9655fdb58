"""Protection of the parent's memory and environment while a child runs."""

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
    """Make this process's memory and environment unreadable inside the context.

    Other processes of the same user cannot read /proc/<pid>/mem and /proc/<pid>/environ; root still can. Several
    threads may be inside the context at once; the last one to leave makes them readable again.
    """
    global _hiding  # noqa: PLW0603 - dumpable is an attribute of the process, so its counter is global
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
