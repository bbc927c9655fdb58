"""Time limit of the calls that a compile makes of an original."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

from lightship.compiler import limits
from lightship.compiler.sources.base import Batch, Original
from lightship.compiler.sources.time_limited import TimeLimited
from lightship.compiler.sources.wrapped import Wrapped
from lightship.compiler.verification import latency
from lightship.tensors import Array, Signature
from tests.compiler.originals import Scaled

INPUTS = {"x": np.zeros((1, 3), np.float32)}
BATCHES: Mapping[str, Sequence[Batch]] = {"serving_default": [(INPUTS, {})]}
CALLS: Mapping[str, Callable[[Original], object]] = {
    "run": lambda original: original.run("serving_default", INPUTS),
    "check_export": lambda original: original.check_export(BATCHES),
}


class Stopped(Exception):
    """The signal of a deadline."""


class Busy(Wrapped):
    """An original whose calls take half a second."""

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            pass
        return self.original.run(signature, inputs)

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        self.run("serving_default", INPUTS)
        return self.signatures


@pytest.fixture(autouse=True)
def _short_limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make a deadline short, and its signal an exception instead of the process's end."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped

    monkeypatch.setattr(limits, "CALL_SECONDS", 0.02)
    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_call_beyond_limit_is_stopped(call: Callable[[Original], object]) -> None:
    with pytest.raises(Stopped):
        call(TimeLimited(Busy(Scaled(Path(), 1.0)), slow=False))
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_call_of_slow_model_has_no_limit(call: Callable[[Original], object]) -> None:
    assert call(TimeLimited(Busy(Scaled(Path(), 1.0)), slow=True))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_call_within_limit_returns_result_of_original(call: Callable[[Original], object]) -> None:
    original = Scaled(Path(), 2.0)
    assert repr(call(TimeLimited(original, slow=False))) == repr(call(original))


def test_timed_call_beyond_limit_is_stopped() -> None:
    def busy() -> None:
        Busy(Scaled(Path(), 1.0)).run("serving_default", INPUTS)

    with pytest.raises(Stopped):
        latency.p50(busy)
    assert latency.p50(busy, slow=True) > 0.02
