"""Items of a row; an absent one is replaced by padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lightship.calls import Attributed
from lightship.explain.features.part import Part
from lightship.tensors import Array


@dataclass(frozen=True)
class Items(Part):
    """The items of one input of a row.

    Attributes:
        name: of the input.
        row: indices of items.
        blank: a row of the same shape with padding only.
        names: the name of each element of the row; None where it is padding.
    """

    name: str
    row: Array
    blank: Array
    names: Sequence[str | None]

    @cached_property
    def positions(self) -> Array:
        """Return the positions of the items in the row."""
        return np.array([position for position, name in enumerate(self.names) if name is not None], int)

    @property
    def count(self) -> int:
        """See :class:`Part`."""
        return len(self.positions)

    def fill(self, present: Array) -> Array:
        """See :class:`Part`."""
        rows = np.tile(self.row.ravel(), (len(present), 1))
        rows[:, self.positions] = np.where(present, rows[:, self.positions], self.blank.ravel()[self.positions])
        return rows.reshape(len(present), *self.row.shape)

    def pooled(self, values: Array) -> Array:
        """See :class:`Part`."""
        found: Array = values.ravel()[self.positions]
        return found

    def named(self, values: Array) -> Mapping[str, Attributed]:
        """See :class:`Part`: the items in order, each with its value."""
        shown = [name for name in self.names if name is not None]
        return {self.name: tuple(zip(shown, values.tolist(), strict=True))}
