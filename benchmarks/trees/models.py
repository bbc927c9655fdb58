"""Tree models: their training, and the names of the files in which they are saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

Save = Callable[[Path], object]


def _skops(estimator: Any) -> Save:
    import skops.io

    return lambda path: skops.io.dump(estimator, path)


def _random_forest() -> Save:
    from sklearn.ensemble import RandomForestClassifier

    return _skops(RandomForestClassifier(100, random_state=0).fit(*load_digits(return_X_y=True)))


def _histogram() -> Save:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return _skops(HistGradientBoostingClassifier(max_iter=100).fit(*load_breast_cancer(return_X_y=True)))


def _gradient_boosting() -> Save:
    from sklearn.ensemble import GradientBoostingRegressor

    return _skops(GradientBoostingRegressor(n_estimators=300, random_state=0).fit(*load_diabetes(return_X_y=True)))


def _isolation() -> Save:
    from sklearn.ensemble import IsolationForest

    return _skops(IsolationForest(n_estimators=100, random_state=0).fit(load_breast_cancer().data))


def _xgboost(data: tuple[Any, Any], rounds: int, **options: Any) -> Save:
    import xgboost

    booster = xgboost.train({"nthread": 1, **options}, xgboost.DMatrix(*data), rounds)
    save: Save = booster.save_model
    return save


def _lightgbm(data: tuple[Any, Any], rounds: int) -> Save:
    import lightgbm

    options = {"objective": "binary", "verbose": -1, "num_threads": 1}
    booster = lightgbm.train(options, lightgbm.Dataset(*data), rounds)
    save: Save = booster.save_model
    return save


def _cancer() -> tuple[Any, Any]:
    data: tuple[Any, Any] = load_breast_cancer(return_X_y=True)
    return data


def _digits() -> tuple[Any, Any]:
    data: tuple[Any, Any] = load_digits(return_X_y=True)
    return data


# File name and training by the model's name in the table.
MODELS: Mapping[str, tuple[str, Callable[[], Save]]] = {
    "RandomForestClassifier, 100 trees, digits": ("forest.skops", _random_forest),
    "HistGradientBoostingClassifier, 100 trees, breast cancer": ("histogram.skops", _histogram),
    "GradientBoostingRegressor, 300 trees, diabetes": ("boosting.skops", _gradient_boosting),
    "IsolationForest, 100 trees, breast cancer": ("isolation.skops", _isolation),
    "XGBoost, 100 trees, breast cancer": (
        "xgboost.ubj",
        lambda: _xgboost(_cancer(), 100, objective="binary:logistic"),
    ),
    "XGBoost, 500 trees, digits": (
        "digits.ubj",
        lambda: _xgboost(_digits(), 50, objective="multi:softprob", num_class=10),
    ),
    "LightGBM, 100 trees, breast cancer": ("lightgbm.txt", lambda: _lightgbm(_cancer(), 100)),
    "LightGBM, 500 trees, breast cancer": ("many.txt", lambda: _lightgbm(_cancer(), 500)),
}
