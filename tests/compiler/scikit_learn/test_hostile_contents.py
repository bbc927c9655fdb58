"""Fitted attributes that scikit-learn's compiled code would trust: refused first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.metrics import DistanceMetric
from sklearn.neighbors import BallTree, KDTree, KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from lightship.compiler.sources.sklearn.intake.contents import check_contents
from lightship.errors import SourceRefused

ROWS, TARGETS = load_iris(return_X_y=True)
STUMP = DecisionTreeClassifier(max_depth=1).fit(ROWS[:, :2], TARGETS)


def changed(model: Any, **attributes: Any) -> Callable[[], Any]:
    """Return the function that fits a model and sets attributes from their old values."""

    def build() -> Any:
        model.fit(ROWS, TARGETS)
        for name, change in attributes.items():
            setattr(model, name, change(getattr(model, name)) if callable(change) else change)
        return model

    return build


def search_tree(tree: Any, position: int, change: Callable[[Any], Any]) -> Callable[[], Any]:
    """Return the function that changes one part of a search tree's state."""

    def build() -> Any:
        state = list(tree.__getstate__())
        state[position] = change(state[position])
        tree.__setstate__(tuple(state))
        return tree

    return build


def categorical() -> Any:
    model = HistGradientBoostingRegressor(max_iter=1).fit(ROWS, TARGETS)
    model._predictors[0][0].nodes["is_categorical"][-1] = 1
    return model


def weighted(metric: Any) -> Any:
    """Return a Minkowski metric with a weight for one column."""
    metric.__setstate__((3.0, np.ones(1), np.zeros((1, 1))))
    return metric


MODELS: dict[str, Callable[[], Any]] = {
    "stages of regression": changed(
        GradientBoostingRegressor(n_estimators=2, init="zero"), estimators_=lambda stages: np.repeat(stages, 9, axis=1)
    ),
    "stages of classes": changed(GradientBoostingClassifier(n_estimators=1), n_trees_per_iteration_=1),
    "loss of classes": changed(
        GradientBoostingClassifier(n_estimators=1),
        _loss=lambda loss: GradientBoostingRegressor(n_estimators=1).fit(ROWS, TARGETS)._loss,
    ),
    "prior": changed(
        GradientBoostingClassifier(n_estimators=1),
        init_=lambda first: first.fit(ROWS[:100], TARGETS[:100]),
    ),
    "category": categorical,
    "preprocessor": changed(
        HistGradientBoostingRegressor(max_iter=1), _preprocessor=SelectKBest(k=1).fit(ROWS, TARGETS)
    ),
    "bounds": search_tree(KDTree(ROWS), 3, lambda bounds: np.zeros((0, 2**20, 2**20))),
    "bounds of balls": search_tree(BallTree(ROWS), 3, lambda bounds: np.ascontiguousarray(bounds[:, :, :1])),
    "no metric": search_tree(KDTree(ROWS), 11, lambda metric: None),
    "other metric": search_tree(KDTree(ROWS), 11, lambda metric: DistanceMetric.get_metric("canberra")),
    "weights of metric": search_tree(KDTree(ROWS, metric="minkowski", p=3), 11, weighted),
    "no nodes": search_tree(KDTree(ROWS), 2, lambda nodes: nodes[:0]),
    "labels": changed(KNeighborsClassifier(), _y=lambda labels: labels * 0 - 4000),
    "labels beyond": changed(KNeighborsClassifier(algorithm="brute"), _y=lambda labels: labels + 1),
    "few labels": changed(KNeighborsClassifier(algorithm="brute"), _y=lambda labels: labels[:1]),
    "few targets": changed(KNeighborsRegressor(), _y=lambda targets: targets[:1]),
    "number of rows": changed(KNeighborsRegressor(algorithm="brute"), n_samples_fit_=10**6),
    "columns of rows": changed(KNeighborsRegressor(algorithm="brute"), _fit_X=lambda rows: rows[:, :1]),
    "rows of search tree": changed(KNeighborsRegressor(algorithm="kd_tree"), _tree=KDTree(ROWS[:9])),
    "tree": changed(DecisionTreeClassifier(), tree_=STUMP.tree_),
    "tree of forest": changed(RandomForestClassifier(n_estimators=1), estimators_=[STUMP]),
    "tree of isolation forest": changed(IsolationForest(n_estimators=1), estimators_=[STUMP]),
    "columns of tree": changed(IsolationForest(n_estimators=1), estimators_features_=[np.zeros(4, np.int64)]),
    "columns beyond": changed(
        IsolationForest(n_estimators=1, max_features=0.5), estimators_features_=[np.array([0, 10**6])]
    ),
    "centers": changed(KMeans(3, n_init=1), cluster_centers_=lambda centers: np.ascontiguousarray(centers[:, :1])),
    "threads": changed(KMeans(3, n_init=1), _n_threads=10**9),
    "centroids": changed(NearestCentroid(), centroids_=lambda centers: centers[:, :1]),
}


@pytest.mark.parametrize("name", MODELS)
def test_check_contents_of_changed_attribute_is_refused(name: str) -> None:
    model = MODELS[name]()
    for each in (model, make_pipeline(StandardScaler(), model)):
        with pytest.raises(SourceRefused) as refused:
            check_contents("model.skops", each)
        assert "model.skops" in refused.value.message
        assert "\n" not in refused.value.message


def test_check_contents_of_unfitted_estimator_passes() -> None:
    for model in (KMeans(), IsolationForest(), KNeighborsClassifier(), DecisionTreeClassifier(), NearestCentroid()):
        check_contents("model.skops", model)


def test_check_contents_of_trees_with_chosen_columns_passes() -> None:
    check_contents("model.skops", IsolationForest(n_estimators=2, max_features=0.5).fit(ROWS))
    check_contents("model.skops", IsolationForest(n_estimators=2).fit(ROWS))
