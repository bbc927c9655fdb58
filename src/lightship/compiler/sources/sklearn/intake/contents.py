"""Checks of loaded objects whose compiled code trusts their content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.intake import estimators
from lightship.errors import SourceRefused

_LEAVES = (bool, int, float, str, bytes, type(None), type)


def check_contents(label: str, model: Any) -> None:
    """Check the objects inside of a loaded model; raises SourceRefused.

    Called before any method of the model, because a method would run on the content.
    """
    for item in objects_in(model):
        check = CHECKS.get(type(item).__name__)
        try:
            valid = check is None or check(item)
        except Exception:  # a broken object raises exceptions of any class
            valid = False
        if not valid:
            raise SourceRefused(f"{label} is broken: the content of a {type(item).__name__} is invalid")


def objects_in(root: Any) -> Iterator[Any]:
    """Yield an object and all objects that its attributes and items refer to."""
    waiting, seen = [root], set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, _LEAVES) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        if isinstance(item, np.ndarray):
            waiting += item.ravel().tolist() if item.dtype == np.object_ else []
        elif isinstance(item, Mapping):
            waiting += item.values()
        elif isinstance(item, list | tuple | set):
            waiting += item
        else:
            waiting += getattr(item, "__dict__", {}).values()


def _search_tree(tree: Any) -> bool:
    """Return whether a KDTree or BallTree refers to its own rows and nodes only."""
    state = tree.__getstate__()
    data, order, nodes, bounds = (np.asarray(array) for array in state[:4])
    rows, count = len(data), len(nodes)
    sides = 2 if type(tree).__name__ == "KDTree" else 1
    if not rows or not count or bounds.shape != (sides, count, data.shape[1]) or not _metric(state[11]):
        return False
    starts, ends = nodes["idx_start"], nodes["idx_end"]
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    return bool(
        len(order) == rows
        and (order >= 0).all()
        and (order < rows).all()
        and (starts >= 0).all()
        and (starts <= ends).all()
        and (ends <= rows).all()
        and (2 * inner + 2 < count).all()
    )


def _metric(metric: Any) -> bool:
    """Return whether a metric is known, and has no weights for columns."""
    name = type(metric).__name__
    if not type(metric).__module__.startswith("sklearn.metrics."):
        return False
    if name == "MinkowskiDistance64":
        return not np.size(metric.__getstate__()[1])
    return name in ("EuclideanDistance64", "ManhattanDistance64")


def _decision_tree(tree: Any) -> bool:
    """Return whether a tree's nodes refer to nodes and features that it has.

    The number of nodes comes first: scikit-learn trusts it where it returns arrays.
    """
    if not 0 < tree.node_count <= tree.capacity:
        return False
    left, right, nodes = tree.children_left, tree.children_right, np.arange(tree.node_count)
    leaf = left == -1
    inner = np.flatnonzero(~leaf)
    children = np.concatenate([left[inner], right[inner]])
    return bool(
        (right[leaf] == -1).all()
        and (left[inner] > nodes[inner]).all()
        and (right[inner] > nodes[inner]).all()
        and (children < tree.node_count).all()
        and (tree.feature[inner] >= 0).all()
        and (tree.feature[inner] < tree.n_features).all()
    )


def _histogram_tree(predictor: Any) -> bool:
    """Return whether a predictor's nodes refer to later nodes that it has."""
    nodes = predictor.nodes
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    left, right = nodes["left"][inner].astype(np.int64), nodes["right"][inner].astype(np.int64)
    return bool(
        nodes.ndim == 1
        and len(nodes)
        and (nodes["is_categorical"] == 0).all()
        and (left > inner).all()
        and (right > inner).all()
        and (left < len(nodes)).all()
        and (right < len(nodes)).all()
        and (nodes["feature_idx"][inner].astype(np.int64) >= 0).all()
    )


# Functions that return whether an object is valid, by its class.
CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "KDTree": _search_tree,
    "BallTree": _search_tree,
    "Tree": _decision_tree,
    "TreePredictor": _histogram_tree,
    **estimators.CHECKS,
}
