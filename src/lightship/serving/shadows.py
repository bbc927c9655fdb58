"""Shadow traffic: a version also runs a sample of the requests, and how far it disagrees is recorded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lightship.calls import Result
from lightship.errors import LightshipError
from lightship.serving.pool import Served
from lightship.tensors import Array

if TYPE_CHECKING:
    from concurrent.futures import Executor

_LOG = logging.getLogger(__name__)

# Differences of rounding are not disagreement: the compiler's own tolerance for float32.
_RELATIVE = 1e-3
_ABSOLUTE = 1e-4

# Calls that wait for a shadow hold their inputs and outputs: more than so many are not worth their memory.
_WAITING = 32


@dataclass
class Disagreement:
    """What was seen of one shadow so far; differences are absolute, over all outputs that are numbers.

    ``dropped`` calls were sampled and not run, because too many were waiting.
    """

    compared: int = 0
    disagreed: int = 0
    failed: int = 0
    dropped: int = 0
    largest: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """For people and monitors."""
        return {
            "compared": self.compared,
            "disagreed": self.disagreed,
            "failed": self.failed,
            "dropped": self.dropped,
            "largest_difference": self.largest,
        }

    def record(self, answered: Result, shadowed: Result) -> None:
        """Compare two answers to one call."""
        agree, largest = compare(answered.outputs, shadowed.outputs)
        self.compared += 1
        self.disagreed += not agree
        self.largest = max(self.largest, largest)


class Shadows:
    """Runs calls on versions that nobody hears.

    Args:
        load: a version, loaded if it is not yet.
        executor: where they run, one at a time and apart from what answers; None runs them where they are (Lambda).
    """

    def __init__(self, load: Callable[[str, int], Served], executor: Executor | None) -> None:
        self._load = load
        self._executor = executor
        self._room = threading.BoundedSemaphore(_WAITING)
        self._seen: dict[tuple[str, int], Disagreement] = {}

    def run(self, name: str, version: int, answered: Result) -> None:
        """Compare a version's answer with the one that the caller got, now or soon; never where too many are waiting.

        Never raises: what fails here is no business of the caller who was answered.
        """
        seen = self._seen.setdefault((name, version), Disagreement())
        if self._executor is None:
            self._compare(name, version, answered, seen)
        elif self._room.acquire(blocking=False):
            try:
                future = self._executor.submit(self._compare, name, version, answered, seen)
            except RuntimeError:  # the server is shutting down
                self._room.release()
                seen.dropped += 1
            else:
                future.add_done_callback(lambda _: self._room.release())
        else:
            seen.dropped += 1

    def seen(self, name: str) -> dict[int, Disagreement]:
        """What shadows of a model have shown so far, by version."""
        return {version: seen for (model, version), seen in list(self._seen.items()) if model == name}

    def close(self) -> None:
        """Let what is waiting finish."""
        if self._executor is not None:
            self._executor.shutdown()

    def _compare(self, name: str, version: int, answered: Result, seen: Disagreement) -> None:
        try:
            model = self._load(name, version).model
            if model.stateful:  # this version may be serving too: it runs in an engine of its own
                model = model.twin()
            seen.record(answered, model.predict(answered.call))
        except LightshipError as error:
            seen.failed += 1
            _LOG.warning("shadow version %s of model '%s' failed: %s", version, name, error.message)
        except Exception:
            seen.failed += 1
            _LOG.exception("shadow version %s of model '%s' failed", version, name)


def compare(answered: Mapping[str, Array], shadowed: Mapping[str, Array]) -> tuple[bool, float]:
    """Whether two answers agree but for rounding, and the largest absolute difference of their numbers.

    Never raises: arrays of different shapes or kinds of dtype disagree.
    """
    if {name: _form(array) for name, array in answered.items()} != {
        name: _form(array) for name, array in shadowed.items()
    }:
        return False, 0.0
    agree, largest = True, 0.0
    for name, expected in answered.items():
        if expected.dtype.kind == "f":
            agree &= bool(np.allclose(shadowed[name], expected, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True))
            largest = max(largest, _largest_difference(expected, shadowed[name]))
        else:
            agree &= np.array_equal(expected, shadowed[name])
    return agree, largest


def _form(array: Array) -> tuple[tuple[int, ...], str]:
    return array.shape, array.dtype.kind


def _largest_difference(one: Array, other: Array) -> float:
    with np.errstate(invalid="ignore", over="ignore"):  # infinity minus itself
        difference = np.abs(one.astype(np.float64) - other.astype(np.float64))
    return float(np.max(difference, initial=0.0, where=np.isfinite(difference)))
