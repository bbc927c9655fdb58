"""Explanations of fitted models: from the columns of a client to the method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from lightship.bundle import EXACT, Bundle, digests, write_manifest
from lightship.calls import Call
from lightship.errors import BundleError, InvalidInput, TooLarge
from lightship.explain import explain
from lightship.explain.attribution import Query, Unexplained
from lightship.explain.exact import Exact
from lightship.model import Model
from lightship.settings import ExplainSettings
from lightship.tensors.archive import read_arrays, write_arrays
from tests.explain.exact.bundles import BOUGHT, bundle_of, model_of, shop, shop_row
from tests.explain.exact.deep_trees import chain

IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)


def logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def probability(model: Model, row: dict[str, Any], target: int) -> float:
    return float(model.predict(Call(row)).outputs["probabilities"][0, target])


@pytest.mark.parametrize(
    ("estimator", "method", "scale"),
    [
        (DecisionTreeClassifier(max_depth=4, random_state=0), "tree_shap", "output"),
        (RandomForestClassifier(9, random_state=0), "tree_shap", "output"),
        (GradientBoostingClassifier(n_estimators=9), "tree_shap", "log_odds"),
        (LogisticRegression(), "coefficients", "log_odds"),
    ],
    ids=lambda each: type(each).__name__,
)
@pytest.mark.parametrize("target", [0, 1])
def test_explain_table_of_encoded_columns_adds_up_to_prediction(
    estimator: Any, method: str, scale: str, target: int, tmp_path: Path
) -> None:
    model, row = model_of(shop(estimator), tmp_path), shop_row(5)
    _, (found,) = explain(model, Call(row), target)
    assert (found.method, found.scale, found.target) == (method, scale, ("buys", "leaves")[target])
    assert list(found.attributions) == ["age", "income", "town"]
    assert found.base + sum(found.attributions.values()) == pytest.approx(found.prediction)  # type: ignore[arg-type]
    share = probability(model, row, target)
    assert found.prediction == pytest.approx(share if scale == "output" else logit(share), abs=1e-5)


def test_explain_tree_base_is_share_of_training_rows(tmp_path: Path) -> None:
    model = model_of(shop(DecisionTreeClassifier(max_depth=4, random_state=0)), tmp_path)
    _, (found,) = explain(model, Call(shop_row(0)), "buys")
    assert found.base == pytest.approx((BOUGHT == "buys").mean())


@pytest.mark.parametrize(
    ("estimator", "rows", "targets", "scale"),
    [
        (DecisionTreeRegressor(max_depth=3), DIABETES, PROGRESS, "output"),
        (DecisionTreeRegressor(max_depth=3), DIABETES, np.stack([PROGRESS, -PROGRESS], axis=1), "output"),
        (HistGradientBoostingRegressor(max_iter=5, loss="poisson"), DIABETES, PROGRESS, "logarithm"),
        (HistGradientBoostingClassifier(max_iter=4), IRIS, SPECIES, "log_odds"),
        (LinearRegression(), DIABETES, PROGRESS, "output"),
        (Ridge(), DIABETES, np.stack([PROGRESS, -PROGRESS], axis=1), "output"),
        (LogisticRegression(max_iter=999), IRIS, SPECIES, "log_odds"),
    ],
    ids=["tree", "tree_targets", "poisson", "histogram", "linear", "ridge_targets", "multinomial"],
)
def test_exact_fitted_model_adds_up_to_raw_scores(
    estimator: Any, rows: Any, targets: Any, scale: str, tmp_path: Path
) -> None:
    bundle, _ = bundle_of(estimator.fit(rows, targets), tmp_path)
    exact = Exact.load(bundle)
    (spec,) = bundle.manifest.signatures[0].inputs
    inputs = [{spec.name: rows[at : at + 1].astype(spec.numpy)} for at in range(3)]
    scores = [exact.scores(row)[0] for row in inputs]
    output = bundle.manifest.signatures[0].outputs[0].name
    for row, of_row in zip(inputs, scores, strict=True):
        for number, score in enumerate(of_row):
            found = exact.explain(Query(row, {}, output, number))
            assert found.scale == scale
            assert found.values[spec.name].shape == (rows.shape[1],)
            assert found.prediction == pytest.approx(score)
    assert np.abs(scores).max() > 0


@pytest.mark.parametrize("number", [-1, 2])
def test_explain_other_number_raises_unexplained(number: int, tmp_path: Path) -> None:
    exact = Exact.load(bundle_of(shop(LogisticRegression()), tmp_path)[0])
    with pytest.raises(Unexplained):
        exact.explain(Query(shop_row(0), {}, "probabilities", number))
    with pytest.raises(Unexplained):
        exact.explain(Query(shop_row(0), {}, "label", 0))


def test_compile_exact_mixed_columns_records_reason(tmp_path: Path) -> None:
    forest = make_pipeline(PCA(2), DecisionTreeClassifier()).fit(IRIS, SPECIES)
    bundle, _ = bundle_of(forest, tmp_path)
    assert "mixes columns" in bundle.manifest.explain["reason"]
    assert EXACT not in bundle.manifest.files
    with pytest.raises(Unexplained, match="mixes columns"):
        Exact.load(bundle)


def changed(bundle: Bundle, **arrays: Any) -> Bundle:
    path = bundle.path / EXACT
    write_arrays(path, {**read_arrays(path), **arrays})
    return write_manifest(bundle.path, bundle.manifest._replace(files=digests(bundle.path)))


@pytest.mark.parametrize(
    "arrays",
    [
        {"owners": np.array([0, 0, 0, -1], np.int32)},
        {"owners": np.zeros((2, 2), np.int32)},
        {"owners": np.array([0, 0, 0, 4], np.int32)},
        {"child": np.zeros(3, np.int32)},
        {"feature": np.array([[0, -1, -1]], np.int32)},
        {"divisor": np.array(0)},
        {"bias": np.zeros(4)},
        {"bias": np.zeros(0)},
        {"child": np.array([1.0, 0, 0])},
        {"owners": np.arange(4.0)},
        {"feature": np.array([0.0, -1, -1])},
        {"feature": np.array([[0], [-1], [-1]], np.int32)},
        {"threshold": np.zeros((3, 2), np.float32)},
        {"threshold": np.zeros(3, np.uint8)},
        {"threshold": np.zeros(3, bool)},
        {"cover": np.ones((3, 2), np.float32)},
        {"values": np.zeros((3, 0), np.float32)},
        {"bias": np.array([np.nan, 0, 0])},
        {"bias": np.zeros(6)},
        {"divisor": np.array(np.inf)},
        {"divisor": np.array([1, 2])},
    ],
    ids=lambda arrays: next(iter(arrays)),
)
def test_load_broken_file_raises_bundle_error(arrays: dict[str, Any], tmp_path: Path) -> None:
    bundle, _ = bundle_of(DecisionTreeClassifier(max_depth=1).fit(IRIS, SPECIES), tmp_path)
    Exact.load(bundle)
    with pytest.raises(BundleError):
        Exact.load(changed(bundle, **arrays))


@pytest.mark.parametrize(
    "arrays",
    [
        {"intercept": np.zeros((3, 2))},
        {"mean": np.zeros((4, 2))},
        {"owners": np.arange(4.0)},
        {"owners": np.array([b"a", b"b", b"c", b"d"], object)},
        {"coefficients": np.full((4, 3), np.inf)},
        {"intercept": np.full(3, np.nan)},
        {"coefficients": np.ones((4, 5)), "intercept": np.zeros(5)},
    ],
    ids=lambda arrays: next(iter(arrays)),
)
def test_load_broken_coefficients_raises_bundle_error(arrays: dict[str, Any], tmp_path: Path) -> None:
    bundle, _ = bundle_of(LogisticRegression(max_iter=999).fit(IRIS, SPECIES), tmp_path)
    Exact.load(bundle)
    with pytest.raises(BundleError):
        Exact.load(changed(bundle, **arrays))


@pytest.mark.parametrize(
    "change", [{"outputs": [{"name": "zzz", "numbers": 3}]}, {"outputs": [{"name": "probabilities", "numbers": 2}]}]
)
def test_load_entry_of_another_output_raises_bundle_error(change: dict[str, Any], tmp_path: Path) -> None:
    bundle, _ = bundle_of(DecisionTreeClassifier(max_depth=1).fit(IRIS, SPECIES), tmp_path)
    record = {**bundle.manifest.explain, **change}
    with pytest.raises(BundleError):
        Exact.load(write_manifest(bundle.path, bundle.manifest._replace(explain=record)))


def test_explain_too_large_coefficients_raises_invalid_input(tmp_path: Path) -> None:
    bundle, _ = bundle_of(LinearRegression().fit(DIABETES, PROGRESS), tmp_path)
    exact = Exact.load(changed(bundle, coefficients=np.full((10, 1), 1e308)))
    output = bundle.manifest.signatures[0].outputs[0].name
    (spec,) = bundle.manifest.signatures[0].inputs
    with pytest.raises(InvalidInput):
        exact.explain(Query({spec.name: np.full((1, 10), 1e9, spec.numpy)}, {}, output, 0))


@pytest.mark.parametrize(
    "record", [{"method": "tree_shap"}, {"method": "tree_shap", "outputs": [{"name": "p", "numbers": 0}], "scale": ""}]
)
def test_load_broken_entry_raises_bundle_error(record: dict[str, Any], tmp_path: Path) -> None:
    bundle, _ = bundle_of(DecisionTreeClassifier(max_depth=1).fit(IRIS, SPECIES), tmp_path)
    with pytest.raises(BundleError):
        Exact.load(write_manifest(bundle.path, bundle.manifest._replace(explain=record)))


def test_explain_many_rows_by_trees_is_within_limit_of_evaluations(tmp_path: Path) -> None:
    model = model_of(shop(DecisionTreeClassifier(max_depth=4, random_state=0)), tmp_path)
    rows = {name: np.repeat(array, 40) for name, array in shop_row(0).items()}
    limits = ExplainSettings(evaluations=1000)
    assert len(explain(model, Call(rows), limits=limits)[1]) == 40
    with pytest.raises(TooLarge):
        explain(model, Call({name: np.repeat(array, 2) for name, array in rows.items()}), limits=limits)


def test_explain_by_trees_stops_at_time_limit(tmp_path: Path) -> None:
    model = model_of(shop(DecisionTreeClassifier(max_depth=4, random_state=0)), tmp_path)
    with pytest.raises(TooLarge):
        explain(model, Call(shop_row(0)), limits=ExplainSettings(seconds=0.0))


@pytest.mark.parametrize("count", [3, 5])
def test_explain_other_number_of_features_raises_bundle_error(count: int, tmp_path: Path) -> None:
    bundle, _ = bundle_of(DecisionTreeClassifier(max_depth=1).fit(IRIS[:, [2, 2, 2, 2]], SPECIES), tmp_path)
    nodes = {"feature": np.array([0, -1, -1], np.int32)}
    exact = Exact.load(changed(bundle, **nodes, owners=np.zeros(count, np.int32)))
    with pytest.raises(BundleError):
        exact.explain(Query({"features": np.zeros((1, 4), np.float32)}, {}, "probabilities", 0))


def test_load_too_deep_tree_raises_bundle_error(tmp_path: Path) -> None:
    bundle, _ = bundle_of(DecisionTreeClassifier(max_depth=1).fit(np.repeat(IRIS, 40, axis=1), SPECIES), tmp_path)
    Exact.load(bundle)
    nodes = chain(129, columns=160)
    arrays = {name: getattr(nodes, name) for name in ("feature", "threshold", "child", "missing_left", "cover")}
    with pytest.raises(BundleError, match="129 features"):
        Exact.load(changed(bundle, **arrays, values=np.repeat(nodes.values, 3, axis=1)))
