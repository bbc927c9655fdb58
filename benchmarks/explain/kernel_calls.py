"""Explanations of a network by Lightship and by shap's KernelExplainer, by turns.

``python -m benchmarks.explain.kernel_calls`` runs in shap's environment. It reads a registry, a model, its columns of
breast cancer, a number of rows, and the folder with the packages that Lightship needs. It writes the method and the
microseconds of each row to standard output (JSON).
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import shap  # type: ignore[import-not-found]
from sklearn.datasets import load_breast_cancer

from benchmarks.explain.tree_models import least

_BACKGROUND = 100
_CALLS = 20  # of Lightship for each row
_SHAP_CALLS = 2


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    sys.path.append(parameters["packages"])  # at the end: numpy is that of shap
    warnings.simplefilter("ignore")
    data = load_breast_cancer().data[:, parameters["columns"]].astype(np.float32)
    json.dump(_figures(parameters, data), sys.stdout)


def _figures(parameters: dict[str, Any], data: np.ndarray) -> dict[str, Any]:
    predict, explain = _functions(parameters["registry"], parameters["model"])
    explainer = shap.KernelExplainer(predict, shap.sample(data, _BACKGROUND, random_state=0))
    found: dict[str, Any] = {"method": explain(data[:1]).method, "shap_us": [], "lightship_us": []}
    for at in np.linspace(0, len(data) - 1, parameters["rows"]).astype(int):
        row = data[at : at + 1]
        found["lightship_us"].append(least(lambda row=row: explain(row), _CALLS))  # type: ignore[misc]
        by_shap = least(lambda row=row: explainer.shap_values(row, nsamples="auto", silent=True), _SHAP_CALLS)  # type: ignore[misc]
        found["shap_us"].append(by_shap)
    return found


def _functions(registry: str, name: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return functions of rows: the model's numbers, and the explanation of a row."""
    from lightship.calls import Call  # imported here: its packages are on the path from now on
    from lightship.explain import explain
    from lightship.model import Model
    from lightship.registry.registry import Registry

    model = Model.load(Registry(registry).open(name))
    signature = model.manifest.signatures[0]
    (taken,), (made, *_) = signature.inputs, signature.outputs

    def predict(rows: Any) -> Any:
        return model.predict(Call({taken.name: rows.astype(np.float32)})).outputs[made.name][:, 0]

    return predict, lambda rows: explain(model, Call({taken.name: rows}))[1][0]


if __name__ == "__main__":
    main()
