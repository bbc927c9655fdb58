"""Thresholds in the dtype of the graph, so that comparisons are exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lightship.compiler.trees.forest import LEAF
from lightship.preprocessing import Program, Step
from lightship.tensors import Array


def rounded_down(threshold: Array) -> Array:
    """Return the largest float32 not above each float64 threshold.

    A float32 is at most the result exactly if it is at most the threshold. A cast would round a quarter of them up.
    """
    with np.errstate(over="ignore"):
        cast = threshold.astype(np.float32)
    return np.where(cast > threshold, before(cast), cast)


def before(threshold: Array) -> Array:
    """Return the next smaller values of the same dtype.

    ``x < t`` is ``x <= before(t)``.
    """
    return np.asarray(np.nextafter(threshold, np.array(-np.inf, threshold.dtype)))


@dataclass(frozen=True)
class Ranking:
    """Sorted float64 bounds by column.

    The rank of a value is the number of bounds below it.
    ``x <= bounds[i]`` is ``rank(x) <= i``.
    """

    bounds: tuple[Array, ...]

    @classmethod
    def of(cls, feature: Array, threshold: Array, columns: int) -> Ranking:
        """Return the ranking by the thresholds of each feature's nodes."""
        return cls(tuple(np.unique(threshold[feature == column]) for column in range(columns)))

    def ranks(self, feature: Array, threshold: Array) -> Array:
        """Return the thresholds as ranks, int32; zero for leaves."""
        ranks = np.zeros(len(feature), np.int32)
        for column, bounds in enumerate(self.bounds):
            nodes = feature == column
            ranks[nodes] = np.searchsorted(bounds, threshold[nodes])
        return ranks

    def program(self, name: str) -> Program:
        """Return the program from float64 [rows, columns] to int32 ranks; NaN is -1.

        ``name`` is the name of the program's input and output.
        """
        starts = np.cumsum([0, *(len(each) for each in self.bounds)]).astype(np.int64)
        step = Step("tables.ranks", (name, "bounds", "starts"), ("ranks",), {"side": "left"})
        constants = {"bounds": np.concatenate([*self.bounds, np.empty(0)]), "starts": starts}
        return Program((step,), {name: "ranks"}, constants)


def by_column(feature: Array, threshold: Array, columns: int) -> tuple[Array, ...]:
    """Return the different thresholds of each feature, in the dtype of the comparison."""
    inner = feature != LEAF
    return tuple(np.unique(threshold[inner & (feature == column)]) for column in range(columns))
