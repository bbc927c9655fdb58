"""Outputs that rank items; the targets are the relevant items of each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.evaluation.counts.rankings import Rankings, of_rows
from lightship.tensors import Array, TensorSpec
from lightship.tensors.names import SEPARATOR, Names


@dataclass(frozen=True)
class RankingTask:
    """See :class:`lightship.evaluation.tasks.base.Task`."""

    spec: TensorSpec
    columns: tuple[str, ...]
    main: str = "ndcg"
    higher: bool = True

    def empty(self, replicates: int, *, areas: bool = True) -> Rankings:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        return Rankings.empty(output=self.spec.name, replicates=replicates)

    def targets(self, cells: Sequence[Sequence[Any]]) -> Array:
        """Return a set of indices for each row, which is empty without a valid target."""
        found = np.empty(len(cells[0]), np.object_)
        found[:] = [_relevant(cell, self._names) for cell in cells[0]]
        return found

    def valid(self, found: Array) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        return np.array([bool(target) for target in found], np.bool_)

    def expected(self) -> str:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        names = ", ".join(self._names.values[:3])
        return f"a list of at least one item, such as {names}, or their names separated by '{SEPARATOR}'"

    def predictions(self, output: Array) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        return output.astype(np.int64)

    def losses(self, found: Array, predictions: Array) -> Array:
        """Return what is missing of each row's nDCG to 1."""
        losses: Array = 1 - of_rows(found, predictions)[:, 0]
        return losses

    def wrong(self, found: Array, predictions: Array) -> Array:
        """Return which rows rank no relevant item."""
        wrong: Array = of_rows(found, predictions)[:, 2] == 0
        return wrong

    def changes(self, before: Array, after: Array) -> Array:
        """Return the number of items that are ranked by one of both only."""
        pairs = zip(before.tolist(), after.tolist(), strict=True)
        return np.array([len(set(one) ^ set(other)) for one, other in pairs], np.int64)

    def describe(self, target: Any, prediction: Array) -> tuple[Any, Any]:
        """Return the names of the relevant items, and of the ranked ones."""
        ranked = [name for name in self._names.of(prediction) if name is not None]
        return sorted(self._names.of(np.array(sorted(target), np.int64))), ranked

    @property
    def _names(self) -> Names:
        return self.spec.names or Names("", 0)


def _relevant(cell: Any, names: Names) -> frozenset[int]:
    """Return the indices of the items in a cell; empty where it names something else.

    A number is an index; negative ones are padding.
    """
    items = cell.split(SEPARATOR) if isinstance(cell, str) else cell if isinstance(cell, list | tuple) else [cell]
    found = [names.indices.get(item.strip(), -1) if isinstance(item, str) else item for item in items]
    unknown = [isinstance(item, str) and index < 0 for item, index in zip(items, found, strict=True) if item != ""]
    valid = all(type(index) is int and index < names.count for index in found) and not any(unknown)
    return frozenset(index for index in found if index >= 0) if valid else frozenset()
