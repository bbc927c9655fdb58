"""Interface of the features of one input of one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from lightship.calls import Attributed
from lightship.tensors import Array


class Part(Protocol):
    """The features of one input of one row."""

    @property
    def count(self) -> int:
        """Return the number of features."""
        ...

    @property
    def blocks(self) -> Array:
        """Return the index of each feature's block, from 0; by default pairs."""
        return np.arange(self.count) // 2

    @property
    def differs(self) -> Array:
        """Return for each feature whether its value is not the baseline's."""
        return np.ones(self.count, bool)

    def fill(self, present: Array) -> Array:
        """Return the input's rows [sets, …] for the features present in [sets, count]."""
        ...

    def pooled(self, values: Array) -> Array:
        """Return the sums [count] by feature of values of the row's elements."""
        ...

    def named(self, values: Array) -> Mapping[str, Attributed]:
        """Return one value per feature [count] by name."""
        ...
