"""Patches of an image, or of any tensor; an absent one has the mean colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lightship.calls import Attributed
from lightship.explain.features.part import Part
from lightship.tensors import Array

_SIDE = 14  # patches along each of two axes
_STEPS = 128  # patches along a single axis


@dataclass(frozen=True)
class Patches(Part):
    """A grid of patches over the first two axes of one input of a row.

    Attributes:
        name: of the input.
        row: the input's row.
        blank: a row of the same shape without content.
    """

    name: str
    row: Array
    blank: Array

    @cached_property
    def grid(self) -> tuple[int, ...]:
        """Return the number of patches along each axis; no more than there are elements."""
        axes = self._axes
        return tuple(min(self.row.shape[axis], _SIDE if len(axes) > 1 else _STEPS) for axis in axes)

    @property
    def count(self) -> int:
        """See :class:`Part`."""
        return int(np.prod(self.grid))

    @property
    def blocks(self) -> Array:
        """See :class:`Part`: two by two patches."""
        halves = tuple((size + 1) // 2 for size in self.grid)
        indices = [index // 2 for index in np.indices(self.grid)]
        return np.ravel_multi_index(indices, halves).ravel() if self.grid else np.zeros(1, int)

    def fill(self, present: Array) -> Array:
        """See :class:`Part`."""
        rows: Array = np.where(present[:, self._owners], self.row, self.blank)
        return rows

    def pooled(self, values: Array) -> Array:
        """See :class:`Part`."""
        return np.bincount(self._owners.ravel(), values.ravel(), minlength=self.count)

    def named(self, values: Array) -> Mapping[str, Attributed]:
        """See :class:`Part`: the grid, whose patches cover the axes evenly."""
        return {self.name: values.reshape(self.grid)}

    @cached_property
    def _axes(self) -> tuple[int, ...]:
        """Return the first two axes with more than one element."""
        return tuple(axis for axis, size in enumerate(self.row.shape) if size > 1)[:2]

    @cached_property
    def _owners(self) -> Array:
        """Return the patch of each element of the row."""
        owners = np.zeros(self.row.shape, int)
        for axis, cells in zip(self._axes, self.grid, strict=True):
            size = self.row.shape[axis]
            cell = np.arange(size) * cells // size
            owners = owners * cells + cell.reshape([-1 if each == axis else 1 for each in range(self.row.ndim)])
        return owners
