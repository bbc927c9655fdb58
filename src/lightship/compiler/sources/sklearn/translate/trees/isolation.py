"""Isolation forests, whose leaves hold the lengths of paths."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate.base import Nested, Translation
from lightship.compiler.sources.sklearn.translate.trees.nodes import examples, predictor_of, tree_of
from lightship.compiler.trees import Ensemble, Tree, join
from lightship.compiler.trees.forest import LEAF
from lightship.tensors import Array

_BOUNDARY = 1e-6  # a row of the training data may lie exactly on the boundary, and is an inlier then


def isolation_forest(estimator: Any, nested: Nested) -> Translation:
    """Translate IsolationForest: a power of the mean depth of the leaves."""
    import tensorflow as tf

    trees = [_tree(*pair) for pair in zip(estimator.estimators_, estimator.estimators_features_, strict=True)]
    forest = join(trees, columns=estimator.n_features_in_)
    depths = predictor_of(estimator, Ensemble(forest)).decisions
    scale = len(trees) * float(_average_path(np.array([estimator.max_samples_]))[0])

    def decision_function(rows: Any) -> Any:
        depth = depths(rows)
        scores = tf.pow(2.0, -depth / scale) if scale else tf.zeros_like(depth) + 0.5
        return -scores - estimator.offset_

    def predict(rows: Any) -> Any:
        outlier = decision_function(rows) < -_BOUNDARY
        return tf.where(outlier, tf.constant(-1, tf.int64), tf.constant(1, tf.int64))

    methods = {"decision_function": decision_function, "predict": predict}
    return Translation(methods, examples=examples(forest, missing=True))


def _tree(estimator: Any, columns: Array) -> Tree:
    """Return a tree that reads a choice of columns."""
    tree = tree_of(estimator, _path_lengths(estimator.tree_))
    return replace(tree, feature=np.where(tree.feature == LEAF, LEAF, columns[tree.feature]))


def _path_lengths(nodes: Any) -> Array:
    """Return each node's depth plus the expected path of its rows below it."""
    depth = np.zeros(nodes.node_count)
    for node in np.flatnonzero(nodes.children_left != LEAF):  # parents come before their children
        depth[[nodes.children_left[node], nodes.children_right[node]]] = depth[node] + 1
    return np.asarray(depth + _average_path(nodes.n_node_samples))


def _average_path(samples: Array) -> Array:
    """Return the mean depth of a random tree of some samples.

    Liu, Ting and Zhou, Isolation Forest, 2008, equation 1.
    """
    count = np.maximum(samples, 3).astype(np.float64)
    several = 2.0 * (np.log(count - 1.0) + np.euler_gamma) - 2.0 * (count - 1.0) / count
    return np.where(samples > 2, several, np.where(samples == 2, 1.0, 0.0))
