"""Choice of the method, and explanations by a compiled gradient."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from lightship.calls import Call
from lightship.errors import InvalidInput, TooLarge
from lightship.explain import explain
from lightship.explain.attribution import Attribution, Query, Unexplained, unlimited
from lightship.explain.choice import Loaded, compiled_method, method_of
from lightship.explain.compiled import Gradient
from lightship.explain.evaluation import Evaluator
from lightship.explain.features import Row, rows_of
from lightship.explain.gradients import IntegratedGradients
from lightship.explain.target import Target, targets_of
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.settings import ExplainSettings
from lightship.tensors import Array, TensorSpec
from tests.bundles import Registries
from tests.explain.models import model

WEIGHTS = np.array([1.0, 2.0, -3.0, 0.5], np.float32)
KIND = {
    "type": "tabular",
    "columns": ["age", "city"],
    "types": {
        "age": {"missing": "nan"},
        "city": {"type": "category", "values": ["Bern", "Rome", "Oslo"], "output": "one_hot"},
    },
}
TABLE = TensorSpec("x", "float32", (None, 4), kind=KIND)
IMAGE = TensorSpec("x", "float32", (None, 4, 1))
PAIR = TensorSpec("p", "float32", (None, 1), classes=("no", "yes"))


def score(x: Array) -> Array:
    return (np.nan_to_num(x.reshape(len(x), 4)) @ WEIGHTS)[:, np.newaxis]


class LinearGradient:
    """Engine of a compiled gradient: that of :func:`score`."""

    stateful = False

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        row, baseline = inputs["row_0"], inputs["baseline_0"]
        gradient = WEIGHTS.reshape(row.shape) * inputs["weights"].sum()
        return {"gradient_0": gradient, "base": score(baseline)[0], "prediction": score(row)[0]}

    def clone(self) -> LinearGradient:
        return self


GRADIENT = IntegratedGradients(Gradient("", ("x",), {"p": 1}, 32, 512), LinearGradient())


def found(folder: Path, spec: TensorSpec, row: Array, target: str) -> tuple[str, dict[str, object], float, float]:
    """Return method, attributions, base and prediction with the compiled gradient."""
    subject = model(folder, score, (spec,), {"x": np.zeros((1, *spec.row_shape), np.float32)}, output=PAIR)
    signature = subject.manifest.signatures[0]
    (features,) = rows_of(subject.bundle, signature, {"x": row})
    (wanted,) = targets_of(PAIR, score(row), target)
    values = Evaluator(subject, signature).values(features, wanted)
    effects = method_of(features, "p", Loaded(GRADIENT, 992)).run(wanted, values, unlimited)
    return effects.method, {**features.named(effects.values)}, effects.base, effects.prediction


def test_gradient_of_table_is_summed_by_column(tmp_path: Path) -> None:
    row = np.float32([[3, 0, 1, 0]])
    method, attributions, base, prediction = found(tmp_path, TABLE, row, "yes")
    assert method == "integrated_gradients"
    assert attributions == pytest.approx({"age": 3, "city": -3})
    assert (base, prediction) == (0, 0)


def test_gradient_of_first_class_is_opposite(tmp_path: Path) -> None:
    method, attributions, base, prediction = found(tmp_path, TABLE, np.float32([[3, 1, 0, 0]]), "no")
    assert method == "integrated_gradients"
    assert attributions == pytest.approx({"age": -3, "city": -2})
    assert (base, prediction) == (1, -4)


def test_gradient_of_tensor_is_summed_by_patch(tmp_path: Path) -> None:
    _, attributions, _, _ = found(tmp_path, IMAGE, np.float32([1, 2, 3, 4]).reshape(1, 4, 1), "yes")
    np.testing.assert_allclose(attributions["x"], (np.float32([1, 2, 3, 4]) - 2.5) * WEIGHTS, rtol=1e-6)


def test_row_without_gradient_is_explained_by_evaluations(tmp_path: Path) -> None:
    method, attributions, _, _ = found(tmp_path, TABLE, np.float32([[np.nan, 0, 0, 1]]), "yes")
    assert method == "exact_shapley"
    assert attributions == pytest.approx({"age": 0, "city": 0.5})


def features_of(folder: Path) -> Row:
    subject = model(folder, score, (TABLE,), {"x": np.zeros((1, 4), np.float32)}, output=PAIR)
    (features,) = rows_of(subject.bundle, subject.manifest.signatures[0], {"x": np.float32([[3, 0, 1, 0]])})
    return features


def constant(present: Array) -> Array:
    return np.zeros(len(present))


class Refusing:
    """Compiled method of the output "p" that explains no row."""

    def explains(self, output: str) -> bool:
        return output == "p"

    def explain(self, query: Query) -> Attribution:
        raise Unexplained("the row holds NaN", 32)


def test_method_of_other_output_costs_evaluations(tmp_path: Path) -> None:
    row = features_of(tmp_path)
    evaluated = method_of(row, "other", None).cost
    assert evaluated > 1
    assert method_of(row, "other", Loaded(Refusing(), 1, certain=True)).cost == evaluated
    assert method_of(row, "p", Loaded(Refusing(), 1, certain=True)).cost == 1


def test_method_of_certain_method_does_not_evaluate_instead(tmp_path: Path) -> None:
    method = method_of(features_of(tmp_path), "p", Loaded(Refusing(), 1, certain=True))
    with pytest.raises(InvalidInput, match="NaN"):
        method.run(Target(PAIR, 0, "yes"), constant, unlimited)


def test_method_of_gradient_costs_sum_with_other_method(tmp_path: Path) -> None:
    row = features_of(tmp_path)
    method = method_of(row, "p", Loaded(Refusing(), 992))
    assert method.cost == 992 + method_of(row, "p", None).cost
    evaluations = method_of(row, "p", None).run(Target(PAIR, 0, "yes"), constant, unlimited).evaluations
    assert method.run(Target(PAIR, 0, "yes"), constant, unlimited).evaluations == 32 + evaluations


def test_example_with_gradient_is_explained_by_gradient(registries: Registries) -> None:
    subject = Model.load(Registry(str(registries.examples)).open("quickstart"))
    if compiled_method(subject, subject.manifest.signatures[0]) is None:
        pytest.skip("the example was compiled by an earlier version: make clean examples")
    inputs, _ = subject.golden()
    _, rows = explain(subject, Call(inputs))
    for row in rows:
        assert row.method == "integrated_gradients"
        total = sum(value for value in row.attributions.values() if isinstance(value, float))
        assert total == pytest.approx(row.prediction - row.base, abs=1e-3)


def test_example_with_gradient_beyond_time_is_refused(registries: Registries) -> None:
    subject = Model.load(Registry(str(registries.examples)).open("quickstart"))
    inputs, _ = subject.golden()
    with pytest.raises(TooLarge):
        explain(subject, Call(inputs), limits=ExplainSettings(seconds=0))


def test_older_bundle_has_no_gradient(registries: Registries) -> None:
    subject = Model.load(Registry(str(registries.small)).open("modes"))
    first, second = subject.manifest.signatures
    assert compiled_method(subject, first) is None
    assert compiled_method(subject, second) is None
