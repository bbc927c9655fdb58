"""Shadow traffic: a version runs a sampled share of the requests unheard, and how far it disagrees is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.calls import Result
from lightship.tensors import Array

# Differences of rounding are not disagreement: the compiler's own tolerance for float32.
_RELATIVE = 1e-3
_ABSOLUTE = 1e-4


@dataclass
class Disagreement:
    """What was seen of one shadow so far; differences are absolute, over all outputs that are numbers."""

    compared: int = 0
    disagreed: int = 0
    failed: int = 0
    largest: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """For people and monitors."""
        return {
            "compared": self.compared,
            "disagreed": self.disagreed,
            "failed": self.failed,
            "largest_difference": self.largest,
        }

    def record(self, heard: Result, unheard: Result) -> None:
        """Compare two answers to one call."""
        self.compared += 1
        agree, largest = compare(heard.outputs, unheard.outputs)
        self.disagreed += not agree
        self.largest = max(self.largest, largest)


def compare(heard: Mapping[str, Array], unheard: Mapping[str, Array]) -> tuple[bool, float]:
    """Whether two answers agree but for rounding, and the largest absolute difference of their numbers."""
    if {name: array.shape for name, array in heard.items()} != {name: array.shape for name, array in unheard.items()}:
        return False, 0.0
    agree, largest = True, 0.0
    for name, expected in heard.items():
        actual = unheard[name]
        if expected.dtype.kind == "f" and actual.dtype.kind == "f":
            difference = np.abs(expected.astype(np.float64) - actual.astype(np.float64))
            agree &= bool(np.allclose(actual, expected, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True))
            largest = max(largest, float(np.nanmax(difference, initial=0.0)))
        else:
            agree &= bool((expected == actual).all())
    return agree, largest
