"""Load models that take NaN in some columns; print their inputs as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from lightship.compiler import sources

ROWS, TARGETS = load_iris(return_X_y=True)
GAPS = ROWS.copy()
GAPS[::7] = np.nan


def _partly(columns: list[Any]) -> Any:
    """Return a pipeline that imputes the first column and scales the others."""
    parts = [("gaps", SimpleImputer(), columns[:1]), ("rest", StandardScaler(), columns[1:])]
    return make_pipeline(ColumnTransformer(parts), LogisticRegression(max_iter=500))


def _mixed() -> Any:
    table = np.empty((len(ROWS), 3), object)
    table[:, 0], table[:, 1], table[:, 2] = np.array(["a", "b", "c"])[TARGETS], GAPS[:, 0], ROWS[:, 1]
    parts = [("city", OneHotEncoder(), [0]), ("gaps", SimpleImputer(), [1])]
    return make_pipeline(ColumnTransformer(parts, remainder="passthrough"), LogisticRegression()).fit(table, TARGETS)


def models() -> dict[str, Any]:
    """Return fitted models by name."""
    named = pyarrow.table({name: ROWS[:, index] for index, name in enumerate("abcd")})
    return {
        "imputed": make_pipeline(SimpleImputer(), LogisticRegression(max_iter=500)).fit(GAPS, TARGETS),
        "histogram": HistGradientBoostingClassifier(max_iter=3).fit(GAPS, TARGETS),
        "forest": RandomForestClassifier(5, random_state=1).fit(ROWS, TARGETS),
        "tree": DecisionTreeClassifier(random_state=1).fit(GAPS, TARGETS),
        "scaled": make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, TARGETS),
        "boosting": GradientBoostingClassifier(n_estimators=3).fit(ROWS, TARGETS),
        "named": _partly(list("abcd")).fit(named, TARGETS),
        "unnamed": _partly([0, 1, 2, 3]).fit(ROWS, TARGETS),
        "mixed": _mixed(),
    }


def main(folder: Path) -> None:
    kinds = {}
    for name, model in models().items():
        path = folder / f"{name}.skops"
        skops.io.dump(model, path)
        importer = sources.find(path)
        importer.check(path, folder)
        kinds[name] = [spec.kind for spec in importer.load(path, folder, trust=False).signatures[0].inputs]
    print(json.dumps(kinds, default=dict))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
