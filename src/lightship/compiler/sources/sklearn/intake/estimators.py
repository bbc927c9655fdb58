"""Checks of fitted attributes that scikit-learn's compiled code trusts.

Each function returns whether an estimator is valid. It may raise any exception for one that is not. An estimator that
was never fitted is valid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_MOST_THREADS = 4096


def _tree(model: Any) -> bool:
    return "tree_" not in vars(model) or bool(model.tree_.n_features == model.n_features_in_)


def _forest(model: Any) -> bool:
    if "estimators_" not in vars(model):
        return True
    return all(each.tree_.n_features == model.n_features_in_ for each in model.estimators_)


def _gradient_boosting(model: Any) -> bool:
    """Check that the trees of a stage are as many as the columns of the sums."""
    if "estimators_" not in vars(model):
        return True
    stages, groups = model.estimators_, model.n_trees_per_iteration_
    classes = len(getattr(model, "classes_", ()))
    return bool(
        type(groups) is int
        and stages.ndim == 2
        and stages.shape[1] == groups == (classes if classes > 2 else 1)
        and all(each.tree_.n_features == model.n_features_in_ for each in stages.ravel())
        and (not classes or _prior(model, classes))
    )


def _prior(model: Any, classes: int) -> bool:
    """Check the classes of the initial estimator, to whose output trees add."""
    first = model.init_
    if type(first).__name__ != "DummyClassifier":
        return True
    return bool(
        bool(model._loss.is_multiclass) == (classes > 2)
        and first.n_outputs_ == 1
        and first.n_classes_ == classes
        and np.shape(first.class_prior_) == (classes,)
    )


def _isolation_forest(model: Any) -> bool:
    """Check the columns that each tree reads: all in order, or a choice."""
    if "estimators_" not in vars(model):
        return True
    count, chosen = model.n_features_in_, [np.asarray(each) for each in model.estimators_features_]
    every = model._max_features == count  # no public attribute says whether trees read a choice of columns
    return bool(
        len(chosen) == len(model.estimators_)
        and all(np.array_equal(each, np.arange(count)) if every else _positions(each, count) for each in chosen)
        and all(tree.tree_.n_features == len(each) for tree, each in zip(model.estimators_, chosen, strict=True))
    )


def _positions(columns: Any, count: int) -> bool:
    return bool(columns.ndim == 1 and columns.dtype.kind == "i" and (columns >= 0).all() and (columns < count).all())


def _histograms(model: Any) -> bool:
    return "_predictors" not in vars(model) or model._preprocessor is None


def _neighbours(model: Any) -> bool:
    """Check the rows, their targets, and that the search tree has these rows."""
    if "_fit_X" not in vars(model):
        return True
    state = vars(model)
    rows, targets, tree = state["_fit_X"], state["_y"], state["_tree"]
    return bool(
        _has_columns(rows, model.n_features_in_)
        and len(rows) == len(targets) == model.n_samples_fit_
        and (tree is None or np.shape(tree.data) == rows.shape)
        and ("classes_" not in state or _labels(targets, model))
    )


def _labels(targets: Any, model: Any) -> bool:
    """Check labels of the only output; those of several outputs are not compiled."""
    if model.outputs_2d_:
        return True
    count = len(model.classes_)
    return bool(targets.ndim == 1 and targets.dtype.kind == "i" and (targets >= 0).all() and (targets < count).all())


def _clusters(model: Any) -> bool:
    if "cluster_centers_" not in vars(model):
        return True
    return _has_columns(model.cluster_centers_, model.n_features_in_) and 0 < model._n_threads <= _MOST_THREADS


def _centroids(model: Any) -> bool:
    return "centroids_" not in vars(model) or _has_columns(model.centroids_, model.n_features_in_)


def _has_columns(rows: Any, columns: int) -> bool:
    return isinstance(rows, np.ndarray) and rows.ndim == 2 and len(rows) > 0 and rows.shape[1] == columns


# Functions by the estimator's class.
CHECKS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(
        ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"), _tree
    ),
    **dict.fromkeys(
        ("ExtraTreesClassifier", "ExtraTreesRegressor", "RandomForestClassifier", "RandomForestRegressor"), _forest
    ),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), _gradient_boosting),
    **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), _histograms),
    "IsolationForest": _isolation_forest,
    **dict.fromkeys(("KNeighborsClassifier", "KNeighborsRegressor"), _neighbours),
    **dict.fromkeys(("KMeans", "MiniBatchKMeans"), _clusters),
    "NearestCentroid": _centroids,
}
