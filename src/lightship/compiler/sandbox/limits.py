"""Resource limits of the child process, and how they are set."""

from __future__ import annotations

import resource
from dataclasses import dataclass

GIBIBYTE = 1024**3


@dataclass(frozen=True)
class Limits:
    """Resource limits of the child process and its descendants.

    ``memory_bytes`` limits their resident memory together; None means :func:`lightship.compiler.sandbox.memory.share`.
    """

    cpu_seconds: int = 3600
    wall_seconds: float = 3600.0
    memory_bytes: int | None = None
    file_bytes: int = 8 * GIBIBYTE


def set_rlimit(kind: int, value: int, *, grace: int = 0) -> None:
    """Set a soft resource limit, and a hard one that is ``grace`` higher.

    Neither exceeds the current hard limit.
    """
    _, hard = resource.getrlimit(kind)
    wanted = value + grace
    top = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (min(value, top), top))
