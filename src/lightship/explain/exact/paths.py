"""Conditions on the path from a root to each leaf, one per feature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lightship.errors import TooLarge
from lightship.explain.exact.nodes import LEAF, Nodes
from lightship.tensors import Array

MOST_STEPS = 2_000_000  # nodes on the paths to all leaves: 250 MiB while they are arranged, once
MOST_CONDITIONS = 128  # features on the path to a leaf: as many as make 64 orders of quadrature, computed once
MOST_PRODUCTS = 50_000_000  # factors of one row's explanation: half a second

_TINY = 1e-30  # share of a leaf without training rows, by which products can be divided


@dataclass(frozen=True)
class Paths:
    """Leaves with equally many conditions.

    A value above ``low`` and up to ``high`` satisfies a condition; a missing one does where ``missing`` is true.

    Attributes:
        leaf: int64 [leaves], positions of nodes.
        group: int64 [leaves], the group of the leaf's tree.
        feature: int32 [conditions, leaves].
        low, high: of the dtype of thresholds [conditions, leaves].
        missing: bool [conditions, leaves].
        shares: float64 [conditions, leaves], of the training rows that satisfy the conditions on the way.
    """

    leaf: Array
    group: Array
    feature: Array
    low: Array
    high: Array
    missing: Array
    shares: Array

    def satisfied(self, features: Array) -> Array:
        """Return whether rows satisfy the conditions, bool [rows, conditions, leaves]."""
        values = features[:, self.feature]
        missing: Array = np.isnan(values) if values.dtype.kind == "f" else values < 0
        inside: Array = np.where(missing, self.missing, (values > self.low) & (values <= self.high))
        return inside

    def select(self, leaves: Array) -> Paths:
        """Return some of the leaves."""
        if len(leaves) == len(self.leaf):
            return self
        arrays = (self.feature, self.low, self.high, self.missing, self.shares)
        return Paths(self.leaf[leaves], self.group[leaves], *(array[:, leaves] for array in arrays))


@dataclass(frozen=True)
class _Steps:
    """Steps from parents to children on the paths of leaves.

    ``tree`` is the tree of each leaf.
    """

    leaf: Array
    child: Array
    tree: Array


def paths_of(nodes: Nodes, *, groups: int) -> list[Paths]:
    """Return the leaves of checked nodes by their number of conditions.

    Raises TooLarge beyond the limits.
    """
    leaves = np.flatnonzero(nodes.feature == LEAF)
    steps = _climb(nodes, leaves)
    conditions, first = _merged(nodes, steps)
    counts = np.bincount(steps.leaf[first], minlength=len(leaves))
    if (most := int(counts.max(initial=0))) > MOST_CONDITIONS:
        raise TooLarge(f"a leaf has conditions on {most:,} features, and the limit is {MOST_CONDITIONS:,}")
    if (products := int((counts * ((counts + 1) // 2)).sum())) > MOST_PRODUCTS:
        raise TooLarge(f"explaining a row by the trees takes {products:,} factors, and the limit is {MOST_PRODUCTS:,}")
    return list(_by_count(leaves, steps.tree % groups, counts, conditions))


def _climb(nodes: Nodes, leaves: Array) -> _Steps:
    """Return the steps to all leaves, in no order."""
    parents = nodes.parents()
    tree_of = np.zeros(len(parents), np.int64)
    tree_of[nodes.roots] = np.arange(len(nodes.roots))
    index, now, total = np.arange(len(leaves)), leaves, 0
    tree, found_leaf, found_child = np.zeros(len(leaves), np.int64), [index[:0]], [leaves[:0]]
    while len(index):
        at_root = parents[now] < 0
        tree[index[at_root]] = tree_of[now[at_root]]
        index, now = index[~at_root], now[~at_root]
        found_leaf.append(index)
        found_child.append(now)
        total += len(index)
        if total > MOST_STEPS:
            raise TooLarge(f"the paths to the leaves have more than {MOST_STEPS:,} nodes, the limit")
        now = parents[now]
    return _Steps(np.concatenate(found_leaf), np.concatenate(found_child), tree)


def _merged(nodes: Nodes, steps: _Steps) -> tuple[tuple[Array, ...], Array]:
    """Return the conditions in the order of leaves, and the first step of each.

    They are feature, low, high, missing and share.
    """
    parent = nodes.parents()[steps.child]
    feature, threshold = nodes.feature[parent], nodes.threshold[parent]
    order = np.lexsort((feature, steps.leaf))
    key = np.stack([steps.leaf[order], feature[order]])
    first = np.flatnonzero(np.append(True, (np.diff(key) != 0).any(axis=0))) if len(order) else order
    left = steps.child == nodes.child[parent]
    least, most = _bounds(nodes.threshold.dtype)
    merged = (
        (np.minimum, np.where(left, threshold, most)),
        (np.maximum, np.where(left, least, threshold)),
        (np.logical_and, nodes.missing_left[parent] == left),
        (np.multiply, np.maximum(nodes.weights()[steps.child], _TINY)),
    )
    high, low, missing, shares = (
        function.reduceat(array[order], first) if len(first) else array for function, array in merged
    )
    return (feature[order][first], low, high, missing, np.maximum(shares, _TINY)), order[first]


def _bounds(dtype: np.dtype[np.generic]) -> tuple[Array, Array]:
    """Return numbers below and above all values."""
    ends = (-np.inf, np.inf) if dtype.kind == "f" else (np.iinfo(np.int32).min, np.iinfo(np.int32).max)
    return np.array(ends[0], dtype), np.array(ends[1], dtype)


def _by_count(leaves: Array, groups: Array, counts: Array, conditions: tuple[Array, ...]) -> Iterator[Paths]:
    starts = np.cumsum(counts) - counts
    for count in np.unique(counts):
        (same,) = np.nonzero(counts == count)
        indices = np.arange(count)[:, np.newaxis] + starts[same]
        yield Paths(leaves[same], groups[same], *(array[indices] for array in conditions))
