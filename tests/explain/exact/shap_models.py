"""Fitted trees and linear models, equal wherever the packages are equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier

Rows = NDArray[np.float64]

CANCER, MALIGNANT = load_breast_cancer(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
SHARES = CANCER / CANCER.max(axis=0)
HOLES = np.where(np.random.default_rng(4).random(CANCER.shape) < 0.1, np.nan, CANCER)

COUNT = 5  # rows that are explained

SKLEARN: dict[str, tuple[Callable[[], Any], Rows]] = {
    "tree": (lambda: DecisionTreeClassifier(max_depth=4, random_state=0).fit(CANCER, MALIGNANT), CANCER),
    "tree_missing": (lambda: DecisionTreeClassifier(max_depth=6, random_state=0).fit(HOLES, MALIGNANT), HOLES),
    "forest": (lambda: RandomForestClassifier(10, random_state=0).fit(IRIS, SPECIES), IRIS),
    "forest_regressor": (
        lambda: RandomForestRegressor(5, random_state=0).fit(DIABETES, PROGRESS),
        DIABETES,
    ),
    "boosting": (lambda: GradientBoostingClassifier(n_estimators=10, random_state=0).fit(CANCER, MALIGNANT), CANCER),
    "boosting_regressor": (
        lambda: GradientBoostingRegressor(n_estimators=10, random_state=0).fit(DIABETES, PROGRESS),
        DIABETES,
    ),
    "histogram": (lambda: HistGradientBoostingRegressor(max_iter=8).fit(DIABETES, PROGRESS), DIABETES),
}
LINEAR: dict[str, tuple[Callable[[], Any], Rows]] = {
    "regression": (lambda: LinearRegression().fit(DIABETES, PROGRESS), DIABETES),
    "logistic": (
        lambda: LogisticRegression(max_iter=9999).fit(CANCER / CANCER.max(0), MALIGNANT),
        CANCER / CANCER.max(0),
    ),
    "logistic_multiclass": (lambda: LogisticRegression(max_iter=9999).fit(IRIS, SPECIES), IRIS),
}


def xgboost_binary() -> xgboost.Booster:
    """Return a booster of two classes with missing values."""
    parameters = {"objective": "binary:logistic", "max_depth": 4, "nthread": 1, "seed": 0}
    return xgboost.train(parameters, xgboost.DMatrix(HOLES, MALIGNANT), 10)


def xgboost_multiclass() -> xgboost.Booster:
    """Return a booster of three classes."""
    parameters = {"objective": "multi:softprob", "num_class": 3, "max_depth": 3, "nthread": 1, "seed": 0}
    return xgboost.train(parameters, xgboost.DMatrix(IRIS, SPECIES), 6)


def lightgbm_regression() -> lightgbm.Booster:
    """Return a booster of numbers."""
    parameters = {"objective": "regression", "num_threads": 1, "verbosity": -1, "seed": 0, "deterministic": True}
    return lightgbm.train(parameters, lightgbm.Dataset(DIABETES, PROGRESS), 10)


def lightgbm_binary() -> lightgbm.Booster:
    """Return a booster of two classes with missing values."""
    parameters = {"objective": "binary", "num_threads": 1, "verbosity": -1, "seed": 0, "deterministic": True}
    return lightgbm.train(parameters, lightgbm.Dataset(HOLES, MALIGNANT), 10)


BOOSTERS: dict[str, tuple[Callable[[], Any], Rows]] = {
    "xgboost_binary": (xgboost_binary, HOLES),
    "xgboost_multiclass": (xgboost_multiclass, IRIS),
    "lightgbm_regression": (lightgbm_regression, DIABETES),
    "lightgbm_binary": (lightgbm_binary, HOLES),
}
