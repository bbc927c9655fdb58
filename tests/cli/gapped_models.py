"""Models that take NaN, and their libraries' predictions for rows with gaps.

``python -m`` this module writes the files to a folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import skops.io
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from lightship.tensors import Array

NAMES = ("age", "income", "height")
CITIES = ("Bern", "Chur", "Genf")
RNG = np.random.default_rng(15)
WHOLE = RNG.normal(40, 12, (300, 3))
TARGET = WHOLE @ [1.0, -2.0, 0.5] + RNG.normal(size=300)
GAPS = np.where(RNG.random(WHOLE.shape) < 0.15, np.nan, WHOLE)
# Rows of the tests: whole, with a gap, and with gaps only.
ROWS = np.array([[30.5, 41.0, 50.25], [30.5, np.nan, 50.25], [np.nan, np.nan, np.nan]])


def _mixed() -> tuple[Any, Array]:
    """Return a pipeline of a city, an age with gaps and an income, and its rows."""
    table = np.empty((300, 3), object)
    table[:, 0], table[:, 1], table[:, 2] = RNG.choice(CITIES, 300), GAPS[:, 0], WHOLE[:, 1]
    columns = ColumnTransformer(
        [("city", OneHotEncoder(), [0]), ("age", SimpleImputer(), [1])], remainder="passthrough"
    )
    rows = np.array([["Bern", 30.5, 41.0], ["Chur", np.nan, 41.0], ["Genf", np.nan, 20.0]], object)
    return make_pipeline(columns, LinearRegression()).fit(table, TARGET), rows


def main(folder: Path) -> None:
    named = pyarrow.table({name: GAPS[:, index] for index, name in enumerate(NAMES)})
    mixed, rows = _mixed()
    models = {
        "imputed": (make_pipeline(SimpleImputer(), LinearRegression()).fit(named, TARGET), ROWS),
        "histogram": (HistGradientBoostingRegressor(max_iter=20).fit(GAPS, TARGET), ROWS),
        "mixed": (mixed, rows),
    }
    expected = {}
    for name, (model, given) in models.items():
        skops.io.dump(model, folder / f"{name}.skops")
        expected[name] = model.predict(given).tolist()
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(GAPS, TARGET, feature_names=NAMES), 20)
    booster.save_model(folder / "boosted.ubj")
    expected["boosted"] = booster.inplace_predict(ROWS).tolist()
    skops.io.dump(GradientBoostingRegressor(n_estimators=5).fit(WHOLE, TARGET), folder / "whole.skops")
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
