"""Boosted trees of XGBoost and LightGBM, by objective, booster and format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lightship.tensors import Array
from tests.zoo.saving import Build, Saved

ROUNDS = 20


@dataclass(frozen=True)
class Data:
    """Rows and targets of diabetes and iris, for all objectives."""

    rows: Array
    target: Array
    high: Array
    both: Array
    gaps: Array
    iris: Array
    species: Array


def boosters(_: Any = None) -> Mapping[str, Build]:
    """Return the functions that train models, by name; each returns a saving function."""
    data = _data()
    return {
        **{f"XGBoost, {name}": build for name, build in _xgboost(data).items()},
        **{f"LightGBM, {name}": build for name, build in _lightgbm(data).items()},
    }


def save(name: str, build: Build, folder: Path) -> Saved:
    """Train a model and save it in the format of its name, by default .ubj or .txt."""
    suffix = ".txt" if name.startswith("LightGBM") else ".json" if name.endswith(".json") else ".ubj"
    path = folder / f"model{suffix}"
    build()(path)
    return Saved(path)


def _data() -> Data:
    from sklearn import datasets

    rows, target = datasets.load_diabetes(return_X_y=True)
    iris, species = datasets.load_iris(return_X_y=True)
    gaps = np.where(np.random.default_rng(0).random(rows.shape) < 0.1, np.nan, rows)
    high = (target > 150).astype(np.float64)
    return Data(rows, target, high, np.stack([target, -target], axis=1), gaps, iris, species)


def _xgboost(data: Data) -> dict[str, Build]:
    train = partial(partial, _xgboost_model)
    squared = partial(train, "reg:squarederror", data.rows, data.target)
    softprob = partial(train, "multi:softprob", data.iris, data.species, num_class=3)
    return {
        "reg:squarederror": squared(),
        "reg:squarederror, .json": squared(),
        "reg:squarederror, missing values": train("reg:squarederror", data.gaps, data.target),
        "reg:squarederror, several targets": train("reg:squarederror", data.rows, data.both),
        "reg:squarederror, dart": squared(booster="dart", rate_drop=0.5),
        "reg:squarederror, parallel trees": squared(num_parallel_tree=3, subsample=0.5),
        **{name: train(name, data.rows, data.target) for name in _XGBOOST_OF_NUMBERS},
        "reg:quantileerror": train("reg:quantileerror", data.rows, data.target, quantile_alpha=0.5),
        **{name: train(name, data.rows, data.high) for name in _XGBOOST_OF_CLASSES},
        "multi:softprob": softprob(),
        "multi:softprob, .json": softprob(),
        "multi:softmax": train("multi:softmax", data.iris, data.species, num_class=3),
        **{name: train(name, data.rows, data.high, groups=[221, 221]) for name in _XGBOOST_OF_RANKS},
        "survival:aft": train("survival:aft", data.rows, data.target, bounds=True),
    }


# Objectives by their targets: positive numbers, classes 0 and 1, and relevance within groups.
_XGBOOST_OF_NUMBERS = (
    *("reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror"),
    *("reg:gamma", "reg:tweedie", "count:poisson", "survival:cox"),
)
_XGBOOST_OF_CLASSES = ("reg:logistic", "binary:logistic", "binary:logitraw", "binary:hinge")
_XGBOOST_OF_RANKS = ("rank:ndcg", "rank:map", "rank:pairwise")


def _xgboost_model(
    objective: str, rows: Array, target: Array, *, groups: Any = None, bounds: bool = False, **options: Any
) -> Callable[[Path], object]:
    import xgboost

    matrix = xgboost.DMatrix(rows, target)
    if groups:
        matrix.set_group(groups)
    if bounds:
        matrix.set_float_info("label_lower_bound", target)
        matrix.set_float_info("label_upper_bound", target)
    booster = xgboost.train({"objective": objective, "nthread": 1, **options}, matrix, ROUNDS)
    save: Callable[[Path], object] = booster.save_model
    return save


def _lightgbm(data: Data) -> dict[str, Build]:
    train = partial(partial, _lightgbm_model)
    regression = partial(train, "regression", data.rows, data.target)
    classes = {"binary": data.high, "cross_entropy": data.high, "cross_entropy_lambda": data.high}
    return {
        "regression": regression(),
        "regression, missing values": train("regression", data.gaps, data.target),
        "regression, reg_sqrt": regression(reg_sqrt=True),
        "regression, dart": regression(boosting="dart"),
        "regression, rf": regression(boosting="rf", bagging_freq=1, bagging_fraction=0.5),
        "regression, goss": regression(data_sample_strategy="goss"),
        **{name: train(name, data.rows, data.target) for name in _LIGHTGBM_OF_NUMBERS},
        **{name: train(name, data.rows, target) for name, target in classes.items()},
        **{name: train(name, data.iris, data.species, num_class=3) for name in ("multiclass", "multiclassova")},
        **{name: train(name, data.rows, data.high, groups=[221, 221]) for name in ("lambdarank", "rank_xendcg")},
        "none, an objective of the user": train(_squares, data.rows, data.target),
    }


_LIGHTGBM_OF_NUMBERS = ("regression_l1", "huber", "fair", "quantile", "mape", "poisson", "gamma", "tweedie")


def _lightgbm_model(
    objective: Any, rows: Array, target: Array, *, groups: Any = None, **options: Any
) -> Callable[[Path], object]:
    import lightgbm

    data = lightgbm.Dataset(rows, target, group=groups)
    booster = lightgbm.train({"objective": objective, "verbose": -1, "num_threads": 1, **options}, data, ROUNDS)
    save: Callable[[Path], object] = booster.save_model
    return save


def _squares(predicted: Array, data: Any) -> tuple[Array, Array]:
    """Return gradient and Hessian of half the squared error."""
    return predicted - data.get_label(), np.ones_like(predicted)
