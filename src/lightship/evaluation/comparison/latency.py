"""Latency of two models, in turns so that both see the same noise."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from lightship.calls import Call
from lightship.model import Model
from lightship.tensors import Array

BATCHES = (1, 32)

_ROUNDS = 50
_SECONDS = 2.0


@dataclass(frozen=True)
class Latencies:
    """Median seconds of a call by number of rows, of both models."""

    by_rows: Mapping[int, tuple[float, float]]

    def to_json(self) -> dict[str, Any]:
        """Return the seconds by number of rows."""
        return {str(rows): list(pair) for rows, pair in self.by_rows.items()}


def measure(models: Sequence[Model], inputs: Sequence[Mapping[str, Array]]) -> Latencies:
    """Return the latencies of two models for one row and for 32.

    ``inputs`` are at least one row of each model's inputs; they are repeated.
    """
    found = {}
    for rows in BATCHES:
        calls = [
            (model, Call({name: np.resize(array, (rows, *array.shape[1:])) for name, array in tensors.items()}))
            for model, tensors in zip(models, inputs, strict=True)
        ]
        found[rows] = _in_turns(calls)
    return Latencies(found)


def _in_turns(calls: Sequence[tuple[Model, Call]]) -> tuple[float, float]:
    times: list[list[float]] = [[] for _ in calls]
    end = time.perf_counter() + _SECONDS
    for number in range(_ROUNDS + 1):
        for (model, call), found in zip(calls, times, strict=True):
            start = time.perf_counter()
            model.predict(call)
            if number:  # the first call prepares the model for this number of rows
                found.append(time.perf_counter() - start)
        if number and time.perf_counter() > end:
            break
    before, after = map(median, times)
    return before, after
