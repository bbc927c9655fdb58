"""Arrays of a forest in the order in which the graph reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lightship.compiler.trees.forest import LEAF, Forest, Membership, check, levels
from lightship.tensors import Array

# Value of infinite and missing features: LiteRT replaces infinite constants by it, so that infinity would exceed them.
LARGEST = np.finfo(np.float32).max


@dataclass(frozen=True)
class Layout:
    """Nodes by level, with siblings as neighbours, and leaves that lead to themselves.

    A row at node ``n`` advances to ``child[n]`` if its value is at most ``threshold[n]``, else to ``child[n] + 1``.

    Attributes:
        feature: int32 [nodes], a column of the expanded features.
        threshold: float32 or int32 [nodes]; the largest value for leaves.
        child: int32 [nodes].
        leaf: int32 [nodes], row of ``values``; None where it is the node's own position.
        values: float32 [rows, width].
        roots: int32 [trees].
        depth: the number of steps from a root to the lowest leaf.
        columns: the number of features.
        missing: the sides to which missing values advance: "", "left", "right" or "both". With "both", the expanded
            features hold every column twice, first for nodes where missing values advance to the left child.
        groups, memberships: those of the forest.
    """

    feature: Array
    threshold: Array
    child: Array
    leaf: Array | None
    values: Array
    roots: Array
    depth: int
    columns: int
    missing: str
    groups: int
    memberships: tuple[Membership, ...]


def arrange(forest: Forest) -> Layout:
    """Return the layout of a forest; raises InvalidForest."""
    check(forest)
    by_level = list(levels(forest))
    order = np.concatenate(by_level)
    inner = forest.feature[order] != LEAF
    position = np.zeros(len(forest.feature), np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    missing, feature = _expanded(forest)
    leaf, values = _leaves(forest.values[order], inner)
    return Layout(
        feature=np.where(inner, feature[order], 0).astype(np.int32),
        threshold=np.where(inner, _finite(forest.threshold[order]), _largest(forest.threshold)),
        child=np.where(inner, position[forest.left[order]], position[order]),
        leaf=leaf,
        values=values,
        roots=position[forest.roots],
        depth=len(by_level) - 1,
        columns=forest.columns,
        missing=missing,
        groups=forest.groups,
        memberships=forest.memberships,
    )


def _expanded(forest: Forest) -> tuple[str, Array]:
    """Return the sides of missing values, and the columns of the expanded features."""
    numeric = (forest.feature >= 0) & (forest.feature < forest.columns)
    left = forest.missing_left
    if left is None or not numeric.any():
        return "", forest.feature
    if left[numeric].all():
        return "left", forest.feature
    if not left[numeric].any():
        return "right", forest.feature
    second = ~(numeric & left) & (forest.feature != LEAF)
    return "both", forest.feature + second * forest.columns


def _largest(threshold: Array) -> Array:
    """Return the threshold of leaves, which no value exceeds."""
    return np.array(LARGEST if threshold.dtype.kind == "f" else np.iinfo(np.int32).max, threshold.dtype)


def _finite(threshold: Array) -> Array:
    """Return thresholds below LARGEST, which stands for missing values on the right."""
    below = np.nextafter(LARGEST, np.float32(0))
    return np.clip(threshold, -LARGEST, below) if threshold.dtype.kind == "f" else threshold


def _leaves(values: Array, inner: Array) -> tuple[Array | None, Array]:
    """Return a table of the leaves' values, and the rows of nodes in it.

    Equal values are one row where that is smaller: the leaves of classifiers are often pure, so that few different
    rows remain.
    """
    values = np.where(inner[:, np.newaxis], 0, values).astype(np.float32)
    unique, rows = np.unique(values, axis=0, return_inverse=True)
    if unique.size + len(values) < values.size:
        return rows.astype(np.int32).reshape(-1), unique
    return None, values
