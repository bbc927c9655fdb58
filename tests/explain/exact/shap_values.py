"""Record the explanations of trees by shap, which the tests do not install.

In an environment with shap: ``python -m tests.explain.exact.shap_values > tests/explain/exact/shap_values.json``.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import shap  # type: ignore[import-not-found]

from tests.explain.exact.shap_models import BOOSTERS, COUNT, LINEAR, SKLEARN


def trees(model: Any, rows: Any) -> dict[str, Any]:
    """Return values [rows, features, outputs] and the base [outputs]."""
    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    return _record(explainer.shap_values(rows[:COUNT], check_additivity=False), explainer.expected_value)


def linear(model: Any, rows: Any) -> dict[str, Any]:
    """Return the same by coefficients; the baseline is the mean of the rows."""
    explainer = shap.LinearExplainer(model, shap.maskers.Independent(rows, max_samples=len(rows)))
    return _record(explainer.shap_values(rows[:COUNT]), explainer.expected_value)


def _record(values: Any, base: Any) -> dict[str, Any]:
    array = np.asarray(values, np.float64)
    array = array[:, :, np.newaxis] if array.ndim == 2 else array
    digits = [[[float(f"{each:.8g}") for each in outputs] for outputs in row] for row in array.tolist()]
    return {"values": digits, "base": np.ravel(base).astype(float).tolist()}


if __name__ == "__main__":
    found = {name: trees(make(), rows) for name, (make, rows) in {**SKLEARN, **BOOSTERS}.items()}
    found |= {name: linear(make(), rows) for name, (make, rows) in LINEAR.items()}
    print(json.dumps({"shap": shap.__version__, "models": found}))
