"""Mirror a sample of traffic to shadow versions and compare their results."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lightship.calls import Result
from lightship.errors import LightshipError
from lightship.serving.pool import ModelPool
from lightship.tensors import Array

if TYPE_CHECKING:
    from concurrent.futures import Executor

_LOG = logging.getLogger(__name__)

# Rounding differences are no disagreement: the compiler's tolerance for float32.
_RELATIVE = 1e-3
_ABSOLUTE = 1e-4

# The most calls that run or wait on shadows: they keep their inputs and outputs in memory, so further ones are dropped.
_WAITING = 32


@dataclass
class Disagreement:
    """Comparisons of one shadow version so far.

    ``largest`` is the largest absolute difference of a finite float output. ``dropped`` calls were sampled but not run,
    because too many were waiting.
    """

    compared: int = 0
    disagreed: int = 0
    failed: int = 0
    dropped: int = 0
    largest: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON."""
        return {
            "compared": self.compared,
            "disagreed": self.disagreed,
            "failed": self.failed,
            "dropped": self.dropped,
            "largest_difference": self.largest,
        }

    def record(self, answered: Result, shadowed: Result) -> None:
        """Compare two results of one call."""
        agree, largest = compare(answered.outputs, shadowed.outputs)
        self.compared += 1
        self.disagreed += not agree
        self.largest = max(self.largest, largest)


class Shadows:
    """Runs of sampled calls on shadow versions; clients do not receive their results.

    Args:
        pool: the loaded versions. A shadow evicts no other version.
        executor: runs shadows, one at a time; None runs them in line (Lambda).
    """

    def __init__(self, pool: ModelPool, executor: Executor | None) -> None:
        self._pool = pool
        self._executor = executor
        self._free_slots = threading.BoundedSemaphore(_WAITING)
        self._disagreements: dict[tuple[str, int], Disagreement] = {}

    def run(self, name: str, version: int, answered: Result) -> None:
        """Run a call on a shadow version and compare the results, in line or later.

        Drops the call where too many are waiting. Never raises: a failing shadow must not fail the request.
        """
        disagreement = self._disagreements.setdefault((name, version), Disagreement())
        if self._executor is None:
            self._compare(name, version, answered, disagreement)
        elif self._free_slots.acquire(blocking=False):
            try:
                future = self._executor.submit(self._compare, name, version, answered, disagreement)
            except RuntimeError:  # the server is shutting down
                self._free_slots.release()
                disagreement.dropped += 1
            else:
                future.add_done_callback(lambda _: self._free_slots.release())
        else:
            disagreement.dropped += 1

    def disagreements(self, name: str) -> dict[int, Disagreement]:
        """Return the comparisons so far for a model's shadows, by version."""
        return {
            version: disagreement
            for (model, version), disagreement in list(self._disagreements.items())
            if model == name
        }

    def _compare(self, name: str, version: int, answered: Result, disagreement: Disagreement) -> None:
        try:
            model = self._pool.load((name, version), spare=True).model
            if model.stateful:  # this version may also answer requests: use a separate engine
                model = model.clone()
            disagreement.record(answered, model.predict(answered.call))
        except LightshipError as error:
            disagreement.failed += 1
            _LOG.warning("shadow version %s of model '%s' failed: %s", version, name, error.message)
        except Exception:
            disagreement.failed += 1
            _LOG.exception("shadow version %s of model '%s' failed", version, name)


def compare(answered: Mapping[str, Array], shadowed: Mapping[str, Array]) -> tuple[bool, float]:
    """Return whether two results agree within tolerance, and the largest difference.

    The difference is absolute, over finite values of float outputs; other outputs must be equal. Never raises: arrays
    of different shapes or kinds of dtype disagree.
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
