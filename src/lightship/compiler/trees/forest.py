"""Decision trees of any source as arrays of nodes, and their validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lightship.tensors import Array

LEAF = -1
MOST_NODES = 2**25  # of all trees: 512 MiB as a graph
MOST_DEPTH = 1000  # levels of one tree: depth costs time in every call
MISSING = -1  # the rank of a missing value


class InvalidForest(ValueError):
    """Arrays that are not trees; the message is the end of a sentence."""


@dataclass(frozen=True)
class Membership:
    """Sets of categories of one feature, as integer ranks.

    Attributes:
        feature: the column that holds the ranks.
        outside: bool [ranks + 1, sets], whether a rank is outside of a set; the first row is for missing values.
    """

    feature: int
    outside: Array


@dataclass(frozen=True)
class Forest:
    """Trees as one set of node arrays.

    At an inner node, a row advances to the left child if its value of the node's feature is at most the threshold,
    otherwise to the right child. The sum of the values of the reached leaves is the output.

    Attributes:
        feature: integers [nodes], ``LEAF`` for a leaf. ``columns`` and above are sets of ``memberships``, in order: a
            row inside of the set advances to the left child.
        threshold: [nodes]; float32, or int32 where the features are ranks.
        left, right: integers [nodes], positions of the children of inner nodes.
        missing_left: bool [nodes], whether missing values advance to the left child. They are NaN, or the rank -1.
            None where the features have no missing values.
        values: floats [nodes, width], read at leaves.
        roots: integers [trees].
        columns: the number of features.
        groups: tree ``t`` adds to the group ``t % groups`` of the ``groups * width`` outputs.
        memberships: sets of categories.
        cover: float64 [nodes], the weight of the training rows that reached a node; None where it is unknown.
    """

    feature: Array
    threshold: Array
    left: Array
    right: Array
    missing_left: Array | None
    values: Array
    roots: Array
    columns: int
    groups: int = 1
    memberships: tuple[Membership, ...] = ()
    cover: Array | None = None

    @property
    def ranked(self) -> bool:
        """Return whether the features are integer ranks."""
        return self.threshold.dtype.kind == "i"


def check(forest: Forest) -> None:
    """Raise InvalidForest unless the arrays are trees that a graph can hold.

    Afterwards every index is in range, and no path returns to a node that it has passed.
    """
    _check_sizes(forest)
    nodes, inner = len(forest.feature), forest.feature != LEAF
    sets = sum(each.outside.shape[1] for each in forest.memberships)
    _check_range("the feature of a node", forest.feature[inner], forest.columns + sets)
    children = np.concatenate([forest.left[inner], forest.right[inner]])
    _check_range("the child of a node", children, nodes)
    _check_range("a root", forest.roots, nodes)
    if np.bincount(np.concatenate([children, forest.roots]), minlength=nodes).max() > 1:
        raise InvalidForest("a node has two parents")
    if np.isnan(forest.threshold[inner]).any():
        raise InvalidForest("a threshold is NaN")
    if not np.isfinite(forest.values[~inner]).all():
        raise InvalidForest("the value of a leaf is not finite")


def levels(forest: Forest) -> Iterator[Array]:
    """Yield the positions of the nodes of each level; raises InvalidForest.

    Siblings are neighbours, the left one first. The forest was checked.
    """
    level = forest.roots
    for _ in range(MOST_DEPTH + 1):
        yield level
        inner = level[forest.feature[level] != LEAF]
        if not len(inner):
            return
        level = np.stack([forest.left[inner], forest.right[inner]], axis=1).ravel()
    raise InvalidForest(f"a tree has more than {MOST_DEPTH} levels")


def _check_sizes(forest: Forest) -> None:
    nodes = len(forest.feature)
    if not nodes or not len(forest.roots):
        raise InvalidForest("there are no trees")
    if nodes > MOST_NODES:
        raise InvalidForest(f"the trees have {nodes:,} nodes, and the limit is {MOST_NODES:,}")
    arrays = [forest.threshold, forest.left, forest.right, forest.values]
    if forest.missing_left is not None:
        arrays.append(forest.missing_left)
    if forest.cover is not None:
        arrays.append(forest.cover)
    if any(len(array) != nodes for array in arrays):
        raise InvalidForest("the arrays of nodes have different lengths")
    if len(forest.roots) % forest.groups:
        raise InvalidForest(f"{len(forest.roots)} trees cannot be divided into {forest.groups} groups")


def _check_range(what: str, indices: Array, count: int) -> None:
    wrong = indices[(indices < 0) | (indices >= count)]
    if len(wrong):
        raise InvalidForest(f"{what} is {wrong[0]}, and must be from 0 to {count - 1}")
