"""Trees of a source, each with its own positions, as one forest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lightship.compiler.trees.forest import LEAF, Forest, InvalidForest
from lightship.tensors import Array


@dataclass(frozen=True)
class Tree:
    """Nodes of one tree; the root is the first. The fields are those of a Forest."""

    feature: Array
    threshold: Array
    left: Array
    right: Array
    missing_left: Array
    values: Array
    cover: Array | None = None


def join(trees: Sequence[Tree], *, columns: int, groups: int = 1, missing: bool = True) -> Forest:
    """Return the trees as one forest; raises InvalidForest.

    ``missing`` is whether features may have missing values.
    """
    for number, tree in enumerate(trees):
        _check(number, tree)
    if not trees:
        raise InvalidForest("there are no trees")
    roots = np.cumsum([0, *(len(tree.feature) for tree in trees[:-1])])
    return Forest(
        feature=np.concatenate([tree.feature for tree in trees]).astype(np.int64),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        left=np.concatenate([tree.left + root for tree, root in zip(trees, roots, strict=True)]),
        right=np.concatenate([tree.right + root for tree, root in zip(trees, roots, strict=True)]),
        missing_left=np.concatenate([tree.missing_left for tree in trees]).astype(bool) if missing else None,
        values=np.concatenate([tree.values for tree in trees]),
        roots=roots,
        columns=columns,
        groups=groups,
        cover=_cover(trees),
    )


def _cover(trees: Sequence[Tree]) -> Array | None:
    covers = [tree.cover for tree in trees if tree.cover is not None]
    return np.concatenate(covers).astype(np.float64) if len(covers) == len(trees) else None


def _check(number: int, tree: Tree) -> None:
    nodes = len(tree.feature)
    arrays = (tree.threshold, tree.left, tree.right, tree.missing_left, tree.values)
    if not nodes or any(len(array) != nodes for array in arrays):
        raise InvalidForest(f"tree {number} has arrays of different lengths")
    inner = tree.feature != LEAF
    for children in (tree.left[inner], tree.right[inner]):
        if len(wrong := children[(children < 1) | (children >= nodes)]):
            raise InvalidForest(f"tree {number} has {nodes} nodes, and a child of a node is {wrong[0]}")
