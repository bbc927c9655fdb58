"""Compiled boosters agree with XGBoost and LightGBM, at their thresholds too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_diabetes, load_iris

from lightship.compiler import sources
from lightship.compiler.conversion import litert
from lightship.compiler.sources.boosting.original import BoostedOriginal
from lightship.engines.preprocessed import with_programs
from lightship.errors import SourceRefused
from lightship.tensors import Array

IRIS, SPECIES = load_iris(return_X_y=True)
ROWS, TARGET = load_diabetes(return_X_y=True)
HIGH = (TARGET > 150).astype(np.float64)
BOTH = np.stack([TARGET, -TARGET], axis=1)
HOLES = np.where(np.random.default_rng(0).random(ROWS.shape) < 0.1, np.nan, ROWS)


def boost(objective: str, rows: Array, target: Array, rounds: int = 4, **options: Any) -> Callable[[Path], None]:
    matrix = xgboost.DMatrix(rows, target)
    booster = xgboost.train({"objective": objective, "nthread": 1, **options}, matrix, rounds)
    return booster.save_model


def light(objective: str, rows: Array, target: Array, rounds: int = 4, **options: Any) -> Callable[[Path], None]:
    data = lightgbm.Dataset(rows, target, categorical_feature=options.pop("categorical_feature", "auto"))
    booster = lightgbm.train({"objective": objective, "verbose": -1, "num_threads": 1, **options}, data, rounds)
    return booster.save_model


def stopped_early() -> Callable[[Path], None]:
    model = xgboost.XGBClassifier(n_estimators=30, early_stopping_rounds=2, n_jobs=1)
    model.fit(ROWS[:300], HIGH[:300], eval_set=[(ROWS[300:], HIGH[300:])], verbose=0)
    assert model.best_iteration < model.get_booster().num_boosted_rounds() - 1
    return model.save_model


MODELS: dict[str, Callable[[], Callable[[Path], None]]] = {
    "regression.ubj": lambda: boost("reg:squarederror", HOLES, TARGET, 40),
    "logistic.json": lambda: boost("binary:logistic", ROWS, HIGH),
    "reg_logistic.ubj": lambda: boost("reg:logistic", ROWS, HIGH),
    "raw.ubj": lambda: boost("binary:logitraw", ROWS, HIGH),
    "hinge.ubj": lambda: boost("binary:hinge", ROWS, HIGH),
    "hinges.ubj": lambda: boost("binary:hinge", ROWS, np.stack([HIGH, 1 - HIGH], axis=1)),
    "poisson.ubj": lambda: boost("count:poisson", ROWS, TARGET),
    "softprob.json": lambda: boost("multi:softprob", IRIS, SPECIES, num_class=3, num_parallel_tree=2),
    "softmax.ubj": lambda: boost("multi:softmax", IRIS, SPECIES, num_class=3),
    "dart.ubj": lambda: boost("reg:squarederror", ROWS, TARGET, booster="dart", rate_drop=0.5),
    "targets.ubj": lambda: boost("reg:squarederror", ROWS, BOTH),
    "early.json": stopped_early,
    "regression.txt": lambda: light("regression", HOLES, TARGET, 40),
    "tweedie.txt": lambda: light("tweedie", ROWS, TARGET),
    "square.txt": lambda: light("regression", ROWS, TARGET, reg_sqrt=True),
    "binary.txt": lambda: light("binary", ROWS, HIGH, sigmoid=2.0),
    "entropy.txt": lambda: light("cross_entropy", ROWS, HIGH),
    "lambda.txt": lambda: light("cross_entropy_lambda", ROWS, HIGH),
    "multiclass.txt": lambda: light("multiclass", IRIS, SPECIES, num_class=3),
    "one_vs_all.txt": lambda: light("multiclassova", IRIS, SPECIES, num_class=3),
    "forest.txt": lambda: light("regression", ROWS, TARGET, boosting="rf", bagging_freq=1, bagging_fraction=0.5),
}
# Options of training that give files which are refused, and a word of the refusal.
REFUSED: dict[str, tuple[Callable[[], Callable[[Path], None]], str]] = {
    "linear.ubj": (lambda: boost("reg:squarederror", ROWS, TARGET, booster="gblinear"), "gblinear"),
    "vectors.ubj": (
        lambda: boost("reg:squarederror", ROWS, BOTH, multi_strategy="multi_output_tree"),
        "one_output_per_tree",
    ),
    "one_class.ubj": (lambda: boost("multi:softprob", ROWS, 0 * HIGH, num_class=1), "num_class .* at least 2"),
    "linear.txt": (lambda: light("regression", ROWS, TARGET, linear_tree=True), "linear_tree"),
    "zeros.txt": (lambda: light("regression", ROWS, TARGET, zero_as_missing=True), "zero_as_missing"),
    "categories.txt": (
        lambda: light("regression", np.c_[SPECIES, IRIS], SPECIES, categorical_feature=[0], min_data_per_group=1),
        "categories",
    ),
}


def opened(path: Path, work: Path) -> BoostedOriginal:
    importer = sources.find(path)
    assert importer.check(path, work) == ()
    original = importer.load(path, work, trust=False)
    assert isinstance(original, BoostedOriginal)
    return original


@pytest.mark.parametrize("name", MODELS)
def test_compiled_booster_agrees_with_library(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    MODELS[name]()(path)
    original = opened(path, tmp_path)
    (folder,) = original.candidates()
    names = [signature.name for signature in original.signatures]
    engine = with_programs(litert.convert(folder, names, tmp_path / "model.tflite"), original.preprocessing)
    for signature in original.signatures:
        rows = original.hints(signature)["features"].rows
        assert rows is not None and np.isnan(rows).any()
        for part in (rows[:1], rows):
            (expected,) = original.run(signature.name, {"features": part}).values()
            (found,) = engine.run(signature.name, {"features": part}).values()
            assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
            np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6 * np.abs(expected).max())


def test_check_unsupported_booster_names_remedy(tmp_path: Path) -> None:
    for name, (trained, word) in REFUSED.items():
        trained()(tmp_path / name)
        with pytest.raises(SourceRefused, match=word):
            sources.find(tmp_path / name).check(tmp_path / name, tmp_path)


def test_early_stopping_uses_rounds_of_saving_class(tmp_path: Path) -> None:
    path = tmp_path / "booster.json"
    save = stopped_early()
    save(path)
    assert opened(path, tmp_path).notes == []
    booster = xgboost.Booster(model_file=path)
    booster.set_attr(scikit_learn=None)
    booster.save_model(path)
    assert "best round" in opened(path, tmp_path).notes[0]


def test_feature_names_become_columns_of_table(tmp_path: Path) -> None:
    names = ["sepal length", "sepal width", "petal length", "petal width"]
    path = tmp_path / "named.json"
    data = xgboost.DMatrix(IRIS, SPECIES, feature_names=names)
    xgboost.train({"nthread": 1}, data, 1).save_model(path)
    (signature,) = opened(path, tmp_path).signatures
    assert signature.inputs[0].kind == {
        "type": "tabular",
        "columns": names,
        "types": {name: {"missing": "nan"} for name in names},
    }


def test_indicator_features_become_booleans(tmp_path: Path) -> None:
    path = tmp_path / "indicators.json"
    rows = np.column_stack([IRIS[:, 0], IRIS[:, 1] > 3])
    data = xgboost.DMatrix(rows, SPECIES, feature_names=["length", "wide"], feature_types=["float", "i"])
    xgboost.train({"nthread": 1}, data, 1).save_model(path)
    (signature,) = opened(path, tmp_path).signatures
    assert signature.inputs[0].kind is not None
    assert signature.inputs[0].kind["types"]["wide"] == {"type": "boolean", "missing": "nan"}
