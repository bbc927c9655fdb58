"""Explanations of a network by Lightship and by shap's KernelExplainer, by turns.

``python -m benchmarks.explain.kernel_calls`` runs in shap's environment. It reads a registry, a model, its Keras file,
its columns of breast cancer, a number of rows, and the folder with the packages that Lightship and Keras need. It
writes the method and the microseconds of each row to standard output (JSON). KernelExplainer explains the compiled
model, and the Keras model with ``model.predict``.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import shap  # type: ignore[import-not-found]
from sklearn.datasets import load_breast_cancer

from benchmarks.explain.tree_models import least

Function = Callable[[Any], Any]

_BACKGROUND = 100
_BATCH = 1024  # rows of a step of model.predict, whose default of 32 is slower
# Calls for each row.
_CALLS = 20
_SHAP_CALLS = 2
_KERAS_CALLS = 1


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    sys.path.append(parameters["packages"])  # at the end: numpy is that of shap
    warnings.simplefilter("ignore")
    data = load_breast_cancer().data[:, parameters["columns"]].astype(np.float32)
    json.dump(_figures(parameters, data), sys.stdout)


def _figures(parameters: dict[str, Any], data: np.ndarray) -> dict[str, Any]:
    compiled, explain = _functions(parameters["registry"], parameters["model"])
    background = shap.sample(data, _BACKGROUND, random_state=0)
    peers = {
        "shap_us": (shap.KernelExplainer(compiled, background), _SHAP_CALLS),
        "keras_us": (shap.KernelExplainer(_keras(parameters["keras"]), background), _KERAS_CALLS),
    }
    times = [
        _times(data[at : at + 1], explain, peers)
        for at in np.linspace(0, len(data) - 1, parameters["rows"]).astype(int)
    ]
    return {"method": explain(data[:1]).method, **{name: [each[name] for each in times] for name in times[0]}}


def _times(row: Any, explain: Function, peers: Mapping[str, tuple[Any, int]]) -> dict[str, float]:
    """Return the microseconds of the explanations of one row."""
    times = {"lightship_us": least(lambda: explain(row), _CALLS)}
    for name, (explainer, calls) in peers.items():
        times[name] = least(lambda each=explainer: each.shap_values(row, nsamples="auto", silent=True), calls)  # type: ignore[misc]
    return times


def _keras(path: str) -> Function:
    """Return the usual prediction of rows by the Keras model of a file."""
    import keras  # imported here: its package is on the path from now on

    model = keras.models.load_model(path)
    return lambda rows: model.predict(rows.astype(np.float32), batch_size=_BATCH, verbose=0)[:, 0]


def _functions(registry: str, name: str) -> tuple[Function, Function]:
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
