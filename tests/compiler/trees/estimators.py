"""Fitted tree estimators of scikit-learn: one for each class and option."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

RNG = np.random.default_rng(4)
DIGITS, DIGIT = load_digits(return_X_y=True)
CANCER, MALIGNANT = load_breast_cancer(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
HOLES = np.where(RNG.random(CANCER.shape) < 0.1, np.nan, CANCER)

ESTIMATORS: dict[str, Callable[[], Any]] = {
    "tree": lambda: DecisionTreeClassifier(random_state=0).fit(CANCER, MALIGNANT),
    "tree_missing": lambda: DecisionTreeClassifier(random_state=0).fit(HOLES, MALIGNANT),
    "tree_stump": lambda: DecisionTreeRegressor(max_depth=1).fit(DIABETES, PROGRESS),
    "tree_constant": lambda: DecisionTreeRegressor().fit(DIABETES, np.full(len(PROGRESS), 7.5)),
    "tree_targets": lambda: DecisionTreeRegressor(max_depth=6).fit(DIABETES, np.stack([PROGRESS, -PROGRESS], axis=1)),
    "extra_tree": lambda: ExtraTreeClassifier(random_state=0).fit(IRIS, SPECIES),
    "extra_tree_regressor": lambda: ExtraTreeRegressor(random_state=0).fit(DIABETES, PROGRESS),
    "forest": lambda: RandomForestClassifier(20, random_state=0).fit(DIGITS, DIGIT),
    "forest_missing": lambda: RandomForestClassifier(20, random_state=0, min_samples_leaf=3).fit(HOLES, MALIGNANT),
    "forest_regressor": lambda: RandomForestRegressor(20, random_state=0).fit(DIABETES, PROGRESS),
    "extra_trees": lambda: ExtraTreesClassifier(20, random_state=0).fit(IRIS, SPECIES),
    "extra_trees_regressor": lambda: ExtraTreesRegressor(10, random_state=0).fit(DIABETES, PROGRESS * 1e6),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=20, random_state=0).fit(CANCER, MALIGNANT),
    "boosting_multiclass": lambda: GradientBoostingClassifier(n_estimators=30, random_state=0).fit(IRIS, SPECIES),
    "boosting_exponential": lambda: GradientBoostingClassifier(n_estimators=9, loss="exponential").fit(
        CANCER, MALIGNANT
    ),
    "boosting_zero": lambda: GradientBoostingClassifier(n_estimators=9, init="zero").fit(CANCER, MALIGNANT),
    "boosting_regressor": lambda: GradientBoostingRegressor(n_estimators=200, random_state=0).fit(DIABETES, PROGRESS),
    "boosting_quantile": lambda: GradientBoostingRegressor(n_estimators=9, loss="quantile").fit(DIABETES, PROGRESS),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=20).fit(CANCER, MALIGNANT),
    "histogram_missing": lambda: HistGradientBoostingClassifier(max_iter=20).fit(HOLES, MALIGNANT),
    "histogram_multiclass": lambda: HistGradientBoostingClassifier(max_iter=4, max_leaf_nodes=9).fit(DIGITS, DIGIT),
    "histogram_regressor": lambda: HistGradientBoostingRegressor(max_iter=50).fit(DIABETES, PROGRESS),
    "histogram_poisson": lambda: HistGradientBoostingRegressor(max_iter=20, loss="poisson").fit(DIABETES, PROGRESS),
    "isolation": lambda: IsolationForest(n_estimators=50, random_state=0).fit(CANCER),
    "isolation_few_features": lambda: IsolationForest(
        n_estimators=20, random_state=0, max_features=0.5, contamination=0.1
    ).fit(CANCER),
}
