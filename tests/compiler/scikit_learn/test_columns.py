"""Inputs of tables with columns that are dropped, booleans and missing strings."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lightship.compiler.sources.sklearn.original import SklearnOriginal
from lightship.compiler.sources.sklearn.translate.base import Untranslatable
from lightship.compiler.sources.traced import ModelFile
from lightship.inputs import gaps
from lightship.tensors import Array, TensorSpec

RNG = np.random.default_rng(3)
COUNT = 60
TABLE = {
    "id": [f"C{number}" for number in range(COUNT)],
    "age": RNG.normal(40.0, 9.0, COUNT),
    "floor": RNG.integers(0, 9, COUNT).astype(float),
    "garden": RNG.random(COUNT) > 0.5,
    "town": RNG.choice(["Bern", "Chur"], COUNT).tolist(),
}
TARGETS = RNG.normal(size=COUNT)
SCALED = ("scaled", StandardScaler(), ["floor", "age"])
TOWN = ("town", OneHotEncoder(), ["town"])
GARDEN = ("garden", OneHotEncoder(), ["garden"])


def fitted(*parts: Any) -> tuple[Any, SklearnOriginal]:
    """Return a ColumnTransformer before a regression, and its import."""
    model = make_pipeline(ColumnTransformer(list(parts)), LinearRegression()).fit(pyarrow.table(TABLE), TARGETS)
    return model, opened(deepcopy(model))  # the import changes ColumnTransformers


def opened(model: Any) -> SklearnOriginal:
    return SklearnOriginal(model, ModelFile({}, 0, Path()))


def specs(original: SklearnOriginal) -> dict[str, TensorSpec]:
    """Return the inputs by name."""
    return {spec.name: spec for spec in original.signatures[0].inputs}


def assert_agrees(model: Any, original: SklearnOriginal, inputs: dict[str, Array]) -> None:
    """Compare the predictions for the table with those of the import."""
    wanted = model.predict(pyarrow.table(TABLE))
    features = original.preprocessing["predict"].bind().run(inputs)["features"]
    np.testing.assert_allclose(original.run("predict", inputs)["prediction"], wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model[-1].predict(features), wanted, rtol=1e-5, atol=1e-6)


def column(name: str) -> Array:
    """Return a column of the table as an input: strings as bytes."""
    values: Any = TABLE[name]
    if isinstance(values[0], str):
        return np.array([each.encode() for each in values], object)
    return np.asarray(values, np.float64)


@pytest.mark.parametrize("dropped", [[], [("no", "drop", ["id", "garden", "town"])]], ids=["remainder", "named"])
def test_dropped_columns_are_not_columns_of_features(dropped: list[Any]) -> None:
    model, original = fitted(SCALED, *dropped)
    (spec,) = specs(original).values()
    assert spec.shape == (None, 2)
    assert spec.kind is not None
    assert spec.kind["columns"] == ["age", "floor"]
    assert_agrees(model, original, {"features": np.stack([column("age"), column("floor")], axis=1)})
    (hint,) = original.hints(original.signatures[0]).values()
    assert hint.rows is not None
    assert hint.rows.shape[1] == 2


def test_dropped_columns_are_not_inputs_beside_strings() -> None:
    model, original = fitted(TOWN, SCALED)
    assert list(specs(original)) == ["age", "floor", "town"]
    assert_agrees(model, original, {name: column(name) for name in ("age", "floor", "town")})
    assert set(original.hints(original.signatures[0])) == {"age", "floor", "town"}


def test_columns_without_names_keep_positions() -> None:
    rows = np.stack([column("age"), column("floor"), column("garden")], axis=1)
    columns = ColumnTransformer([("scaled", StandardScaler(), [2, 0])])
    (spec,) = specs(opened(make_pipeline(columns, LinearRegression()).fit(rows, TARGETS))).values()
    assert spec.shape == (None, 3)


def test_selector_columns_all_stay() -> None:
    table = pyarrow.table({name: TABLE[name] for name in ("age", "floor")})
    model = make_pipeline(SelectKBest(f_regression, k=1), LinearRegression()).fit(table, TARGETS)
    (spec,) = specs(opened(model)).values()
    assert spec.shape == (None, 2)


def test_model_without_read_columns_is_refused() -> None:
    model = ColumnTransformer([("no", "drop", ["age"])]).fit(pyarrow.table(TABLE))
    with pytest.raises(Untranslatable, match="ColumnTransformer"):
        opened(model)


def test_booleans_of_encoder_are_booleans() -> None:
    _, original = fitted(GARDEN, TOWN, SCALED)
    assert specs(original)["garden"].kind == gaps.BOOLEAN
    model, original = fitted(GARDEN, SCALED)
    (spec,) = specs(original).values()
    assert spec.kind is not None
    assert spec.kind["types"]["garden"]["type"] == "boolean"
    assert_agrees(
        model, original, {"features": np.stack([column(name) for name in ("age", "floor", "garden")], axis=1)}
    )


@pytest.mark.parametrize("marker", [np.nan, None, "", "?"], ids=str)
def test_imputer_of_strings_imputes_missing_ones(marker: Any) -> None:
    rows = np.array([[marker if town == "Chur" else town] for town in TABLE["town"]], object)
    imputer = SimpleImputer(missing_values=marker, strategy="constant", fill_value="none")
    model = make_pipeline(imputer, OneHotEncoder(), LogisticRegression()).fit(rows, column("garden"))
    original = opened(model)
    (spec,) = specs(original).values()
    assert spec.kind == (None if marker == "?" else gaps.STRING)
    text = marker.encode() if isinstance(marker, str) else b""
    (hint,) = original.hints(original.signatures[0]).values()
    assert hint.rows is not None
    assert marker == "?" or b"" in hint.rows
    inputs = {"x0": np.array([b"Bern", text], object)}
    encoded = original.preprocessing["predict"].bind().run(inputs)["features"]
    np.testing.assert_array_equal(encoded, model[:-1].transform(np.array([["Bern"], [marker]], object)).toarray())
    np.testing.assert_array_equal(
        original.run("predict_proba", inputs)["probabilities"],
        model.predict_proba(np.array([["Bern"], [marker]], object)).astype(np.float32),
    )


def test_imputer_before_empty_category_keeps_empty_string() -> None:
    rows = np.array([["" if town == "Chur" else town] for town in TABLE["town"]], object)
    model = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(), LogisticRegression())
    original = opened(model.fit(rows, column("garden")))
    (spec,) = specs(original).values()
    assert spec.kind is None
    encoded = original.preprocessing["predict"].bind().run({"x0": np.array([b""], object)})["features"]
    assert encoded.tolist() == [[1.0, 0.0]]
