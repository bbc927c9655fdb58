"""Explanations of trees by shap, in an environment of its own, without Lightship.

``python -m benchmarks.explain.shap_calls`` has the parameters and the result of
:mod:`benchmarks.explain.tree_calls`.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import numpy as np
import shap  # type: ignore[import-not-found]

from benchmarks.explain.tree_models import ROWS, least, trained


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    warnings.simplefilter("ignore")
    json.dump(_figures(*trained(parameters["model"]), parameters["calls"]), sys.stdout)


def _figures(model: Any, rows: Any, calls: int) -> dict[str, Any]:
    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")

    def explain(count: int) -> Any:
        return explainer.shap_values(rows[:count], check_additivity=False)

    values = np.asarray(explain(1))[0]
    found = {count: least(lambda count=count: explain(count), calls) for count in ROWS}  # type: ignore[misc]
    return {"rows": found, "values": (values[:, -1] if values.ndim > 1 else values).tolist()}


if __name__ == "__main__":
    main()
