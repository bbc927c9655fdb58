"""Translated tree estimators agree with scikit-learn, at their thresholds too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier
from threadpoolctl import threadpool_limits

from lightship.compiler.sources.sklearn.translate import translate
from lightship.compiler.sources.sklearn.translate.base import Translation, Untranslatable
from lightship.tensors import Array
from tests.compiler.trees.converted import convert, run

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


def inputs_of(translation: Translation, rows: Array) -> Array:
    """Return the input of the graph for rows of the estimator's input."""
    if translation.program is None:
        return rows.astype(np.float32)
    return translation.program.bind().run({"features": rows.astype(np.float64)})["features"]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Fit in one thread: the threads of several test processes wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize("name", ESTIMATORS)
def test_translated_trees_agree_with_scikit_learn(name: str, tmp_path: Path) -> None:
    estimator = ESTIMATORS[name]()
    translation = translate(estimator)
    engine = convert(translation.methods, estimator.n_features_in_, translation.dtype, tmp_path)
    assert translation.examples is not None
    for rows in (translation.examples[:1], translation.examples):
        for method in translation.methods:
            expected = getattr(estimator, method)(rows if translation.program else rows.astype(np.float32))
            found = run(engine, method, inputs_of(translation, rows))
            if method == "predict" and translation.classes is not None:
                found = translation.classes[found]
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6 * np.abs(expected).max())


def test_translate_unsupported_trees_names_class() -> None:
    for estimator in (
        RandomForestClassifier(2).fit(IRIS, np.stack([SPECIES, SPECIES], axis=1)),
        GradientBoostingRegressor(n_estimators=2, init=LinearRegression()).fit(DIABETES, PROGRESS),
        HistGradientBoostingRegressor(max_iter=2, categorical_features=[1]).fit(np.round(DIABETES * 20), PROGRESS),
    ):
        with pytest.raises(Untranslatable, match=f"^{type(estimator).__name__} "):
            translate(estimator)


def test_infinite_features_reach_leaves_of_scikit_learn(tmp_path: Path) -> None:
    estimator = ESTIMATORS["isolation_few_features"]()
    translation = translate(estimator)
    engine = convert(translation.methods, estimator.n_features_in_, translation.dtype, tmp_path)
    rows = np.stack([np.full(30, value, np.float32) for value in (np.inf, -np.inf, np.nan)])
    np.testing.assert_allclose(run(engine, "decision_function", rows), estimator.decision_function(rows), atol=1e-6)
