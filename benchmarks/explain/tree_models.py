"""Trees that Lightship and shap explain: their training, which needs neither."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

ROWS = (1, 32)


def _lightgbm(rows: Any, targets: Any) -> Any:
    import lightgbm

    options = {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 31, "min_child_samples": 2}
    return lightgbm.train(options, lightgbm.Dataset(rows, targets), 100)


# Data and training by the model's name in the table.
MODELS: Mapping[str, tuple[Callable[..., Any], Callable[[Any, Any], Any]]] = {
    "RandomForestClassifier, 100 trees, digits": (load_digits, RandomForestClassifier(100, random_state=0).fit),
    "GradientBoostingClassifier, 100 trees of depth 3, breast cancer": (
        load_breast_cancer,
        GradientBoostingClassifier(n_estimators=100, random_state=0).fit,
    ),
    "LightGBM, 100 trees of 31 leaves, breast cancer": (load_breast_cancer, _lightgbm),
}


def trained(name: str) -> tuple[Any, Any]:
    """Return a fitted model and the rows that are explained."""
    load, fit = MODELS[name]
    rows, targets = load(return_X_y=True)
    return fit(rows, targets), np.ascontiguousarray(rows[: max(ROWS)])


def least(call: Callable[[], object], number: int) -> float:
    """Return the least processor time of several calls in microseconds."""
    call()
    times = []
    for _ in range(number):
        start = time.process_time_ns()
        call()
        times.append(time.process_time_ns() - start)
    return float(f"{min(times) / 1000:.3g}")
