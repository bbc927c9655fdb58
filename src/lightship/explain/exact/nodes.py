"""Nodes of decision trees, in the form of the bundle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lightship.tensors import Array

LEAF = -1
MOST_NODES = 1_000_000

_LARGEST = np.finfo(np.float32).max  # stands for infinity, as in the compiled model


@dataclass(frozen=True)
class Nodes:
    """Nodes of all trees; children come after their parents.

    Siblings are neighbours: a row at an inner node ``n`` advances to ``child[n]`` if its value is at most the
    threshold, otherwise to ``child[n] + 1``.

    Attributes:
        feature: int32 [nodes], LEAF for a leaf.
        threshold: float32 [nodes], or int32 where the features are ranks.
        child: int32 [nodes], positions; 0 for leaves.
        missing_left: bool [nodes], whether missing values advance to ``child``. They are NaN, or the rank -1.
        values: float32 [nodes, width], read at leaves.
        cover: float32 [nodes], the weight of the training rows that reached a node.
        roots: int32 [trees].
        columns: the number of features.
    """

    feature: Array
    threshold: Array
    child: Array
    missing_left: Array
    values: Array
    cover: Array
    roots: Array
    columns: int

    @property
    def width(self) -> int:
        """Return the number of values of a leaf."""
        return int(self.values.shape[1])

    @property
    def inner(self) -> Array:
        """Return the positions of nodes with children."""
        return np.flatnonzero(self.feature != LEAF)

    def comparable(self, features: Array) -> Array:
        """Return features in the dtype of the thresholds; infinity as the largest number."""
        if self.threshold.dtype.kind == "f":
            return np.clip(features, -_LARGEST, _LARGEST).astype(np.float32)
        return features

    def parents(self) -> Array:
        """Return the parent of each node; -1 for roots."""
        parents = np.full(len(self.feature), -1, np.int64)
        for side in (0, 1):
            parents[self.child[self.inner] + side] = self.inner
        return parents

    def weights(self) -> Array:
        """Return each node's share of its parent's training rows; 1 for roots."""
        left = self.child[self.inner]
        cover = self.cover.astype(np.float64)
        both = cover[left] + cover[left + 1]
        weights = np.ones(len(cover))
        weights[left], weights[left + 1] = cover[left] / both, cover[left + 1] / both
        return weights

    def check(self) -> None:
        """Raise ValueError unless the arrays are trees with covers."""
        nodes, inner = len(self.feature), self.inner
        arrays = (self.threshold, self.child, self.missing_left, self.values, self.cover)
        if not 0 < nodes <= MOST_NODES or any(len(array) != nodes for array in arrays):
            raise ValueError(f"trees need from 1 to {MOST_NODES:,} nodes")
        if self.values.ndim != 2 or not self.width:
            raise ValueError("a leaf of the trees has no values")
        _check_range(self.feature[inner], 0, self.columns)
        _check_range(self.roots, 0, nodes)
        children = self.child[inner]
        _check_range(children, inner + 1, nodes - 1)
        reached = np.concatenate([children, children + 1, self.roots])
        if len(reached) != nodes or np.bincount(reached, minlength=nodes).max() > 1:
            raise ValueError("a node has no parent or several")
        if np.isnan(self.threshold).any() or not np.isfinite(self.values).all():
            raise ValueError("a threshold or a value is not finite")
        if not np.isfinite(self.cover).all() or (self.cover < 0).any():
            raise ValueError("a cover is negative or not finite")
        if not (self.cover[children] + self.cover[children + 1] > 0).all():
            raise ValueError("a node has no training rows below it")


def _check_range(indices: Array, least: Array | int, end: int) -> None:
    if ((indices < least) | (indices >= end)).any():
        raise ValueError("a position in the trees is out of range")
