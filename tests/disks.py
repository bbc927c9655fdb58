"""A disk that takes no more in the middle of a download."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

_CAPACITY = 100


@contextmanager
def full_disk() -> Iterator[None]:
    """Limit each file that this process writes to 100 bytes: then EFBIG is raised."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_CAPACITY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
