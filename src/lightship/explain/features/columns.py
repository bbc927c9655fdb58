"""Columns of a table; an absent one has the baseline's value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lightship.calls import Attributed
from lightship.inputs.kind import Feature
from lightship.tensors import Array


@dataclass(frozen=True)
class Columns:
    """The columns of one input of a row.

    Attributes:
        features: names and elements of the columns.
        row: the input's row.
        baseline: the row of typical values.
    """

    features: tuple[Feature, ...]
    row: Array
    baseline: Array

    @property
    def count(self) -> int:
        """See :class:`Part`."""
        return len(self.features)

    @property
    def blocks(self) -> Array:
        """See :class:`Part`: pairs of columns."""
        return np.arange(self.count) // 2

    @property
    def differs(self) -> Array:
        """See :class:`Part`."""
        row, baseline = self.row.reshape(-1), self.baseline.reshape(-1)
        unequal = (row != baseline) & ((row == row) | (baseline == baseline))  # noqa: PLR0124 - NaN equals NaN here
        return np.array([unequal[each.start : each.stop].any() for each in self.features], bool)

    def fill(self, present: Array) -> Array:
        """See :class:`Part`."""
        widths = [each.stop - each.start for each in self.features]
        elements = np.repeat(present, widths, axis=1)
        rows: Array = np.where(elements, self.row.reshape(-1), self.baseline.reshape(-1))
        return rows.reshape(len(present), *self.row.shape)

    def pooled(self, values: Array) -> Array:
        """See :class:`Part`."""
        flat = values.reshape(-1)
        return np.array([flat[each.start : each.stop].sum() for each in self.features])

    def named(self, values: Array) -> Mapping[str, Attributed]:
        """See :class:`Part`."""
        return {each.name: float(value) for each, value in zip(self.features, values, strict=True)}
