"""What the child process may use, and the rlimits that bound it."""

from __future__ import annotations

import resource
from dataclasses import dataclass

GIBIBYTE = 1024**3


@dataclass(frozen=True)
class Limits:
    """What the child process and everything that it starts may use.

    ``memory_bytes`` is what they really use together; None means :func:`lightship.compiler.sandbox.memory.share`.
    """

    cpu_seconds: int = 3600
    wall_seconds: float = 3600.0
    memory_bytes: int | None = None
    file_bytes: int = 8 * GIBIBYTE


def set_rlimit(kind: int, value: int, *, grace: int = 0) -> None:
    """Set a soft rlimit, and a hard one ``grace`` above it, never above the present hard one."""
    _, hard = resource.getrlimit(kind)
    wanted = value + grace
    top = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (min(value, top), top))
