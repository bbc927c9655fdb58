"""Translated tree estimators agree with scikit-learn, at their thresholds too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression
from threadpoolctl import threadpool_limits

from lightship.compiler.sources.sklearn.translate import translate
from lightship.compiler.sources.sklearn.translate.base import Translation, Untranslatable
from lightship.tensors import Array
from tests.compiler.trees.converted import convert, run
from tests.compiler.trees.estimators import DIABETES, ESTIMATORS, IRIS, PROGRESS, SPECIES


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
