"""Fitted scikit-learn models: one for each supported estimator and option."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, SelectPercentile, VarianceThreshold
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import (
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    ElasticNetCV,
    HuberRegressor,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Perceptron,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
    SGDClassifier,
    SGDOneClassSVM,
    SGDRegressor,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC, LinearSVR

from lightship.tensors import Array

Build = Callable[[], Any]


def _iris() -> tuple[Array, Array]:
    return datasets.load_iris(return_X_y=True)


def _cancer() -> tuple[Array, Array]:
    return datasets.load_breast_cancer(return_X_y=True)


def _digits() -> tuple[Array, Array]:
    return datasets.load_digits(return_X_y=True)


def _diabetes() -> tuple[Array, Array]:
    return datasets.load_diabetes(return_X_y=True)


def _names(targets: Array) -> Array:
    return np.array(["setosa", "größer", "virginica"])[targets]


def _people() -> tuple[Array, Array]:
    """Return rows of city, plan, age with gaps and income, and whether they pay."""
    rng = np.random.default_rng(3)
    rows = np.empty((300, 4), object)
    rows[:, 0] = rng.choice(["Bern", "Zürich", "Genève", "Chur"], 300, p=[0.4, 0.3, 0.28, 0.02])
    rows[:, 1] = rng.integers(1, 5, 300)
    ages = rng.normal(40, 12, 300)
    ages[rng.random(300) < 0.1] = np.nan
    rows[:, 2], rows[:, 3] = ages, rng.lognormal(10, 1, 300)
    return rows, np.where(rows[:, 0] == "Bern", rng.random(300) < 0.7, rng.random(300) < 0.3)


def _columns(encoder: Any, *, remainder: str = "passthrough") -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    return ColumnTransformer([("categories", encoder, [0, 1]), ("age", numbers, [2])], remainder=remainder)


def _sparse_gaps(rows: Array) -> Array:
    gaps = rows.copy()
    gaps[::7, 1] = np.nan
    return gaps


def _fit(model: Any, data: tuple[Array, Array]) -> Any:
    return model.fit(*data)


def classifiers() -> dict[str, Build]:
    """Return classifiers by name."""
    iris, cancer, digits = _iris(), _cancer(), _digits()
    named = (iris[0], _names(iris[1]))
    counts = (np.round(iris[0] * 2), iris[1])
    return {
        "LogisticRegression, binary": lambda: _fit(LogisticRegression(max_iter=5000), cancer),
        "LogisticRegression, classes named": lambda: _fit(LogisticRegression(max_iter=500), named),
        "LogisticRegressionCV": lambda: _fit(
            LogisticRegressionCV(Cs=3, cv=3, scoring="accuracy", l1_ratios=(0.0,), use_legacy_attributes=False), named
        ),
        "RidgeClassifier": lambda: _fit(RidgeClassifier(), iris),
        "RidgeClassifierCV": lambda: _fit(RidgeClassifierCV(), cancer),
        "SGDClassifier, hinge": lambda: _fit(SGDClassifier(random_state=1), iris),
        "SGDClassifier, log_loss": lambda: _fit(SGDClassifier(loss="log_loss", random_state=1), iris),
        "SGDClassifier, modified_huber": lambda: _fit(SGDClassifier(loss="modified_huber", random_state=1), iris),
        "Perceptron": lambda: _fit(Perceptron(random_state=1), iris),
        "LinearSVC": lambda: _fit(LinearSVC(random_state=1), iris),
        "GaussianNB": lambda: _fit(GaussianNB(), iris),
        "MultinomialNB": lambda: _fit(MultinomialNB(), counts),
        "ComplementNB": lambda: _fit(ComplementNB(), counts),
        "BernoulliNB": lambda: _fit(BernoulliNB(binarize=3.0), iris),
        "KNeighborsClassifier": lambda: _fit(KNeighborsClassifier(), iris),
        "KNeighborsClassifier, brute, by distance": lambda: _fit(
            KNeighborsClassifier(3, weights="distance", algorithm="brute"), digits
        ),
        "KNeighborsClassifier, Manhattan": lambda: _fit(KNeighborsClassifier(p=1), iris),
        "NearestCentroid": lambda: _fit(NearestCentroid(), iris),
        "MLPClassifier, binary": lambda: _fit(
            MLPClassifier(8, max_iter=60, random_state=1), (cancer[0] / 500, cancer[1])
        ),
        "MLPClassifier, tanh": lambda: _fit(
            MLPClassifier((8, 8), activation="tanh", max_iter=60, random_state=1), iris
        ),
        "CalibratedClassifierCV, sigmoid": lambda: _fit(CalibratedClassifierCV(LinearSVC(random_state=1)), iris),
        "CalibratedClassifierCV, isotonic": lambda: _fit(
            CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=3), (cancer[0][:, :4], cancer[1])
        ),
        "OneVsRestClassifier": lambda: _fit(OneVsRestClassifier(LogisticRegression()), iris),
        "OneVsRestClassifier, LinearSVC": lambda: _fit(OneVsRestClassifier(LinearSVC(random_state=1)), iris),
    }


def others() -> dict[str, Build]:
    """Return regressors, clusterers, transformers and an outlier detector by name."""
    iris, diabetes = _iris(), _diabetes()
    several = (diabetes[0], np.stack([diabetes[1], -diabetes[1]], axis=1))
    return {
        "LinearRegression": lambda: _fit(LinearRegression(), diabetes),
        "LinearRegression, two targets": lambda: _fit(LinearRegression(), several),
        "Ridge": lambda: _fit(Ridge(), diabetes),
        "RidgeCV": lambda: _fit(RidgeCV(), several),
        "Lasso": lambda: _fit(Lasso(), diabetes),
        "LassoCV": lambda: _fit(LassoCV(cv=3), diabetes),
        "ElasticNet": lambda: _fit(ElasticNet(), diabetes),
        "ElasticNetCV": lambda: _fit(ElasticNetCV(cv=3), diabetes),
        "BayesianRidge": lambda: _fit(BayesianRidge(), diabetes),
        "ARDRegression": lambda: _fit(ARDRegression(), diabetes),
        "HuberRegressor": lambda: _fit(HuberRegressor(max_iter=1000), diabetes),
        "SGDRegressor": lambda: _fit(SGDRegressor(random_state=1), diabetes),
        "LinearSVR": lambda: _fit(LinearSVR(random_state=1), diabetes),
        "KNeighborsRegressor": lambda: _fit(KNeighborsRegressor(), diabetes),
        "MLPRegressor": lambda: _fit(MLPRegressor(hidden_layer_sizes=8, max_iter=60, random_state=1), diabetes),
        "SGDOneClassSVM": lambda: SGDOneClassSVM(random_state=1).fit(iris[0]),
        "KMeans": lambda: KMeans(4, n_init=1, random_state=1).fit(iris[0]),
        "MiniBatchKMeans": lambda: MiniBatchKMeans(4, n_init=1, random_state=1).fit(iris[0]),
        "PCA": lambda: PCA(2, whiten=True).fit(iris[0]),
        "TruncatedSVD": lambda: TruncatedSVD(2, random_state=1).fit(iris[0]),
    }


def pipelines() -> dict[str, Build]:
    """Return models with transformers by name."""
    iris, cancer, people = _iris(), _cancer(), _people()
    gaps = (_sparse_gaps(iris[0]), iris[1])
    logistic = LogisticRegression(max_iter=500)
    union = FeatureUnion([("pca", PCA(2)), ("all", "passthrough")], transformer_weights={"pca": 2.0})
    return {
        "StandardScaler": lambda: StandardScaler().fit(iris[0]),
        "StandardScaler, LogisticRegression": lambda: _fit(make_pipeline(StandardScaler(), logistic), cancer),
        "MinMaxScaler, Normalizer": lambda: _fit(make_pipeline(MinMaxScaler(clip=True), Normalizer(), logistic), iris),
        "RobustScaler, MaxAbsScaler, Binarizer": lambda: _fit(
            make_pipeline(RobustScaler(), MaxAbsScaler(), Binarizer(threshold=0.1), BernoulliNB()), iris
        ),
        "SimpleImputer": lambda: _fit(make_pipeline(SimpleImputer(strategy="median"), logistic), gaps),
        "MissingIndicator in FeatureUnion": lambda: _fit(
            make_pipeline(FeatureUnion([("a", SimpleImputer()), ("b", MissingIndicator())]), logistic), gaps
        ),
        "PCA, KNeighborsClassifier": lambda: _fit(make_pipeline(PCA(2), KNeighborsClassifier()), iris),
        "FeatureUnion": lambda: _fit(make_pipeline(StandardScaler(), union, logistic), iris),
        "SelectKBest, VarianceThreshold": lambda: _fit(
            make_pipeline(VarianceThreshold(0.1), SelectKBest(k=2), logistic), iris
        ),
        "FunctionTransformer, SelectPercentile": lambda: _fit(
            make_pipeline(FunctionTransformer(), SelectPercentile(percentile=50), logistic), iris
        ),
        "OneHotEncoder": lambda: _fit(
            make_pipeline(_columns(OneHotEncoder(handle_unknown="ignore")), StandardScaler(), logistic), people
        ),
        "OneHotEncoder, drop": lambda: _fit(
            make_pipeline(_columns(OneHotEncoder(drop="first"), remainder="drop"), LogisticRegression()), people
        ),
        "OneHotEncoder, infrequent": lambda: _fit(
            make_pipeline(
                _columns(OneHotEncoder(min_frequency=20, handle_unknown="infrequent_if_exist"), remainder="drop"),
                LogisticRegression(),
            ),
            people,
        ),
        "OrdinalEncoder": lambda: _fit(
            make_pipeline(
                _columns(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), remainder="drop"),
                LogisticRegression(),
            ),
            people,
        ),
        "OrdinalEncoder of numbers": lambda: OrdinalEncoder().fit(np.round(iris[0])),
    }


def models() -> dict[str, Build]:
    """Return all models by name."""
    return classifiers() | others() | pipelines()
