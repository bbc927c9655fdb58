"""What one call of a model may cost, and the timer that stops a call which does not end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from lightship.errors import CompileError, SourceRefused

# Seconds of one call with one row. The function that answers requests has 15 s and, at its default memory, half a core.
MOST_SECONDS = 5.0

# Bytes by which loading and one call of one row may raise a process's peak memory: the function that answers requests
# has 1,024 MiB by default, and needs 128 of them itself.
MOST_BYTES = 896 * 1024**2

# Bytes of a model. A .tflite file's offsets and TensorFlow's messages end here, and nothing that answers requests loads
# so much.
MOST_SOURCE_BYTES = 2 * 1024**3

# Seconds of any call that the compiler makes, of batches and of the original too.
CALL_SECONDS = 120.0


@dataclass(frozen=True)
class Cost:
    """What one call of one row took: seconds, and bytes of memory with loading."""

    seconds: float
    bytes: int


def check(cost: Cost) -> None:
    """Raise CompileError where a model is slower or larger than the limits."""
    if cost.seconds > MOST_SECONDS:
        raise CompileError(
            f"one call with one row takes {cost.seconds:.1f} s, and the limit is {MOST_SECONDS:g} s: "
            "`lightship compile --slow` accepts it"
        )
    if cost.bytes > MOST_BYTES:
        raise CompileError(
            f"loading the model and one call with one row take {cost.bytes / 1024**2:,.0f} MiB of memory, and the "
            f"limit is {MOST_BYTES // 1024**2} MiB: `lightship compile --slow` accepts it"
        )


def check_size(label: str, size: int) -> None:
    """Raise SourceRefused where the files of a model, or what they unpack to, are larger than the limit."""
    if size >= MOST_SOURCE_BYTES:
        raise SourceRefused(
            f"{label} is a model of {size / 1024**3:.1f} GiB, and the limit is {MOST_SOURCE_BYTES // 1024**3} GiB, "
            "which is all that a .tflite file can hold: save its weights as float16, or split it"
        )


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """End this process with SIGALRM unless the block is left in time; None sets no limit. Does not nest.

    Nothing else stops compiled code that does not return. The parent explains the signal
    (:func:`lightship.compiler.sandbox.run`).
    """
    if seconds is None:
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def calls(count: int, *, slow: bool) -> AbstractContextManager[None]:
    """Return the deadline of so many calls of a model; none for one that may be ``slow``."""
    return deadline(None if slow else CALL_SECONDS * count)


def overdue() -> str:
    """Return the sentence about a process that :func:`deadline` ended."""
    return f"one call of this model took more than {CALL_SECONDS:g} s and was stopped: `lightship compile --slow` waits"
