"""Fitted scikit-learn models, of which some take NaN in some columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

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
    """Return fitted models by name, which begins with ``gaps_``."""
    named = pyarrow.table({name: ROWS[:, index] for index, name in enumerate("abcd")})
    return {
        "gaps_imputed": make_pipeline(SimpleImputer(), LogisticRegression(max_iter=500)).fit(GAPS, TARGETS),
        "gaps_histogram": HistGradientBoostingClassifier(max_iter=3).fit(GAPS, TARGETS),
        "gaps_forest": RandomForestClassifier(5, random_state=1).fit(ROWS, TARGETS),
        "gaps_tree": DecisionTreeClassifier(random_state=1).fit(GAPS, TARGETS),
        "gaps_scaled": make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, TARGETS),
        "gaps_boosting": GradientBoostingClassifier(n_estimators=3).fit(ROWS, TARGETS),
        "gaps_named": _partly(list("abcd")).fit(named, TARGETS),
        "gaps_unnamed": _partly([0, 1, 2, 3]).fit(ROWS, TARGETS),
        "gaps_mixed": _mixed(),
    }
