"""Limits of time and memory for one call of a model, and the timeout of calls."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from lightship.errors import CompileError, SourceRefused

# Seconds of one call with one row. The predict function with LiteRT has a timeout of 15 s and, at its default memory,
# half a core.
MOST_SECONDS = 5.0

# Seconds of processor time for opening a tokenizer file and splitting long texts with it.
OPENING_SECONDS = 20.0

# Bytes by which loading and one call of one row may raise a process's peak memory: the predict function with LiteRT has
# 1,024 MiB by default and needs 128 MiB without a model.
MOST_BYTES = 896 * 1024**2

# Bytes of a model: the limit of .tflite offsets and of protocol buffers, and more than a serving process can load.
MOST_SOURCE_BYTES = 2 * 1024**3

# Seconds of one call during a compile, of any batch size and including calls of the original.
CALL_SECONDS = 120.0


@dataclass(frozen=True)
class Cost:
    """Cost of one call with one row: seconds, and bytes of memory incl. loading."""

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
    """Raise SourceRefused where a model's unpacked files reach MOST_SOURCE_BYTES."""
    if size >= MOST_SOURCE_BYTES:
        raise SourceRefused(
            f"{label} is a model of {size / 1024**3:.1f} GiB, and the limit is {MOST_SOURCE_BYTES // 1024**3} GiB, "
            "the most that a .tflite file can hold: save its weights as float16, or split it"
        )


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """End this process with SIGALRM unless the block ends in time.

    None sets no limit. Does not nest. Compiled code that does not return cannot be stopped in another way. The parent
    process explains the signal (:func:`lightship.compiler.sandbox.run`).
    """
    if seconds is None:
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def opening() -> Iterator[None]:
    """End this process with SIGPROF unless the block ends in OPENING_SECONDS.

    These are seconds of processor time. The block may hold a :func:`deadline`.
    """
    signal.setitimer(signal.ITIMER_PROF, OPENING_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def calls(count: int, *, slow: bool) -> AbstractContextManager[None]:
    """Return one deadline for ``count`` calls together; no limit if ``slow``."""
    return deadline(None if slow else CALL_SECONDS * count)


def opening_message() -> str:
    """Return the message about a process that :func:`opening` ended."""
    return f"a tokenizer file took more than {OPENING_SECONDS:g} s to open and to split long texts"


def timeout_message() -> str:
    """Return the message about a process that :func:`deadline` ended."""
    return f"one call of this model took more than {CALL_SECONDS:g} s and was stopped: `lightship compile --slow` waits"
