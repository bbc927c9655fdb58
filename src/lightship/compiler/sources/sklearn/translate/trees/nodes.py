"""Nodes of fitted trees that compare float32 features.

scikit-learn compares float32 features with float64 thresholds, so thresholds are rounded down to float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate.base import Untranslatable
from lightship.compiler.trees import Ensemble, Forest, InvalidForest, Predictor, Tree
from lightship.compiler.trees.examples import neighbours
from lightship.compiler.trees.forest import LEAF
from lightship.compiler.trees.thresholds import by_column, rounded_down
from lightship.tensors import Array


def tree_of(estimator: Any, values: Array) -> Tree:
    """Return the nodes of one fitted tree, with values [nodes] or [nodes, width]."""
    nodes = estimator.tree_
    leaf = nodes.children_left == LEAF
    return Tree(
        feature=np.where(leaf, LEAF, nodes.feature),
        threshold=rounded_down(nodes.threshold),
        left=nodes.children_left,
        right=nodes.children_right,
        missing_left=nodes.missing_go_to_left,
        values=values.reshape(len(leaf), -1),
        cover=nodes.weighted_n_node_samples,
    )


def predictor_of(estimator: Any, ensemble: Ensemble) -> Predictor:
    """Return the functions of an ensemble; raises Untranslatable."""
    try:
        return Predictor(ensemble)
    except InvalidForest as error:
        raise Untranslatable(f"{type(estimator).__name__} holds invalid trees: {error}") from None


def examples(forest: Forest, *, missing: bool) -> Array:
    """Return rows at and beside the thresholds, float32 [rows, columns]."""
    return neighbours(by_column(forest.feature, forest.threshold, forest.columns), "float32", missing=missing)
