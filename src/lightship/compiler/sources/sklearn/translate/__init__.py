"""Translators of estimators, in one module per family.

To add an estimator: a function in a module, an entry in ``TRANSLATORS``, its class in
:mod:`lightship.compiler.sources.sklearn.intake.allowed`, and a case in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from lightship.compiler.sources.sklearn.translate.base import (
    Translation,
    Translator,
    Untranslatable,
    check_class,
)

_PACKAGE = "lightship.compiler.sources.sklearn.translate"

# Module and function by the estimator's class.
TRANSLATORS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        (
            *("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV"),
            *("ARDRegression", "BayesianRidge", "HuberRegressor", "SGDRegressor", "LinearSVR"),
        ),
        ("linear", "regressor"),
    ),
    **dict.fromkeys(("LogisticRegression", "LogisticRegressionCV"), ("linear", "logistic")),
    **dict.fromkeys(("LinearSVC", "Perceptron", "RidgeClassifier", "RidgeClassifierCV"), ("linear", "scored")),
    "SGDClassifier": ("linear", "sgd"),
    "SGDOneClassSVM": ("linear", "one_class"),
    "GaussianNB": ("naive_bayes", "gaussian"),
    "MultinomialNB": ("naive_bayes", "multinomial"),
    "ComplementNB": ("naive_bayes", "complement"),
    "BernoulliNB": ("naive_bayes", "bernoulli"),
    "KNeighborsClassifier": ("neighbours", "classifier"),
    "KNeighborsRegressor": ("neighbours", "regressor"),
    "NearestCentroid": ("neighbours", "nearest_centroid"),
    **dict.fromkeys(("KMeans", "MiniBatchKMeans"), ("cluster", "kmeans")),
    "PCA": ("decomposition", "pca"),
    "TruncatedSVD": ("decomposition", "truncated_svd"),
    "MLPClassifier": ("neural", "classifier"),
    "MLPRegressor": ("neural", "regressor"),
    "CalibratedClassifierCV": ("meta", "calibrated"),
    "OneVsRestClassifier": ("meta", "one_vs_rest"),
    **dict.fromkeys(
        ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"),
        ("trees.averages", "tree"),
    ),
    **dict.fromkeys(
        ("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"),
        ("trees.averages", "forest"),
    ),
    **dict.fromkeys(
        ("GradientBoostingClassifier", "GradientBoostingRegressor"), ("trees.boosting", "gradient_boosting")
    ),
    **dict.fromkeys(
        ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
        ("trees.histograms", "hist_gradient_boosting"),
    ),
    "IsolationForest": ("trees.isolation", "isolation_forest"),
}


def translate(estimator: Any) -> Translation:
    """Return the methods of a fitted estimator; raises Untranslatable."""
    name = type(estimator).__name__
    check_class(estimator)
    if name not in TRANSLATORS:
        raise Untranslatable(f"{name} cannot be compiled: the estimators are {', '.join(sorted(TRANSLATORS))}")
    module, function = TRANSLATORS[name]
    translator: Translator = getattr(import_module(f"{_PACKAGE}.{module}"), function)
    return translator(estimator, translate)
