"""Columns of a table; an absent one has the baseline's value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lightship.calls import Attributed
from lightship.explain.features.part import Part
from lightship.inputs.kind import Feature
from lightship.tensors import Array


@dataclass(frozen=True)
class Columns(Part):
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
    def differs(self) -> Array:
        """See :class:`Part`."""
        row, baseline = self.row.reshape(-1), self.baseline.reshape(-1)
        unequal = (row != baseline) & ((row == row) | (baseline == baseline))  # noqa: PLR0124 - NaN equals NaN here
        return self.pooled(unequal) > 0

    def fill(self, present: Array) -> Array:
        """See :class:`Part`."""
        rows: Array = np.where(present[:, self._owners], self.row.reshape(-1), self.baseline.reshape(-1))
        return rows.reshape(len(present), *self.row.shape)

    def pooled(self, values: Array) -> Array:
        """See :class:`Part`."""
        return np.bincount(self._owners, values.reshape(-1), minlength=self.count)

    def named(self, values: Array) -> Mapping[str, Attributed]:
        """See :class:`Part`."""
        return {each.name: value for each, value in zip(self.features, values.tolist(), strict=True)}

    @cached_property
    def _owners(self) -> Array:
        """Return the column of each element of the row."""
        widths = np.array([each.stop - each.start for each in self.features], int)
        return np.repeat(np.arange(self.count), widths)
