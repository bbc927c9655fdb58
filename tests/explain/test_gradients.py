"""Integrated gradients at run time, on functions whose attributions are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from lightship.bundle import Bundle, Manifest
from lightship.errors import BundleError, TooLarge
from lightship.explain.attribution import Attribution, Query, Unexplained
from lightship.explain.compiled import Gradient
from lightship.explain.gradients import CLOSE, IntegratedGradients
from lightship.preprocessing import Program, Step
from lightship.tensors import Array, Signature, TensorSpec

Function = Callable[[Array], Array]


class Analytic:
    """Engine with the interface of an explain.tflite, for a function of one input.

    ``function`` and ``slope`` take points [points, columns] and return numbers [points] and gradients.
    """

    stateful = False

    def __init__(self, function: Function, slope: Function) -> None:
        self._function, self._slope = function, slope
        self.calls = 0

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        self.calls += 1
        row, base = inputs["row_0"].astype(float), inputs["baseline_0"].astype(float)
        points = base + inputs["nodes"].astype(float)[:, np.newaxis] * (row - base)
        total = (self._slope(points) * inputs["weights"][:, np.newaxis]).sum(axis=0, keepdims=True)
        ends = {"gradient_0": total, "base": self._function(base), "prediction": self._function(row)}
        with np.errstate(invalid="ignore"):  # an infinite slope along no change
            changes = self._slope(points) @ (row - base)[0] * inputs["weights"]
        return {**ends, "numbers": self._function(points), "changes": changes}

    def clone(self) -> Analytic:
        return self


def method(function: Function, slope: Function, program: Program | None = None, **entry: int) -> IntegratedGradients:
    gradient = Gradient("", ("x",), {"y": 1}, **{"points": 8, "steps": 512} | entry)  # type: ignore[arg-type]
    return IntegratedGradients(gradient, Analytic(function, slope), program.bind() if program else None)


CUBES = method(lambda x: (x**3).sum(axis=1), lambda x: 3 * x**2)
STEP = method(lambda x: (x > 0.5).sum(axis=1).astype(float), np.zeros_like)
ROWS = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]], np.float32)
ROW = ROWS[:1]
BASE = np.array([[0.5, 1.0, 0.5]], np.float32)
ZERO = np.zeros((1, 3), np.float32)


def explain(method: IntegratedGradients, row: Array = ROW, base: Array = BASE) -> Attribution:
    return method.explain(Query({"x": row}, {"x": base}, "y", 0))


@pytest.mark.parametrize("at", [0, 1])
def test_explain_polynomial_returns_exact_attributions(at: int) -> None:
    row = ROWS[at : at + 1]
    found = explain(CUBES, row)
    np.testing.assert_allclose(found.values["x"], (row**3 - BASE**3)[0], rtol=1e-5)
    assert found.prediction == pytest.approx((row**3).sum())
    assert found.base == pytest.approx((BASE.astype(float) ** 3).sum())
    assert (found.method, found.evaluations) == ("integrated_gradients", 32)
    assert found.error < 1e-6


def test_explain_kink_doubles_steps_until_gap_is_small() -> None:
    relu = method(lambda x: np.maximum(x, 0).sum(axis=1), lambda x: (x > 0).astype(float))
    found = explain(relu, np.array([[1.0]], np.float32), np.array([[-0.777]], np.float32))
    assert found.evaluations > 32
    assert found.error <= CLOSE
    assert found.values["x"][0] == pytest.approx(1.0, abs=2 * CLOSE)


def test_explain_step_function_reports_gap_at_limit() -> None:
    found = explain(STEP, ROW, ZERO)
    assert found.evaluations == 32 + 64 + 128 + 256 + 512
    assert found.error == pytest.approx(1.0)


def rectifiers(columns: int, units: int) -> tuple[Function, Function]:
    """Return a layer of rectified units, added up, and its gradient."""
    rng = np.random.default_rng(0)
    inner, bias, outer = rng.normal(size=(columns, units)), rng.normal(size=units), rng.normal(size=units)

    def slope(points: Array) -> Array:
        rising: Array = (points @ inner + bias > 0) * outer @ inner.T
        return rising

    return lambda points: np.maximum(points @ inner + bias, 0) @ outer, slope


def test_explain_rectifiers_with_samples_closes_gap_in_fewer_evaluations() -> None:
    function, slope = rectifiers(30, 64)
    rows = np.random.default_rng(1).normal(size=(10, 30)).astype(np.float32)
    base = np.zeros((1, 30), np.float32)
    earlier, found = (
        [explain(method(function, slope, sampled=sampled), row[np.newaxis], base) for row in rows]
        for sampled in (False, True)
    )
    assert max(each.error for each in found) <= CLOSE < max(each.error for each in earlier)
    assert sum(each.evaluations for each in found) < sum(each.evaluations for each in earlier) / 2
    nodes = (np.arange(100_000) + 0.5)[:, np.newaxis] / 100_000
    for row, each in zip(rows.astype(float)[:3], found, strict=False):
        expected = slope(nodes * row).mean(axis=0) * row
        np.testing.assert_allclose(each.values["x"], expected, atol=1e-2 * np.abs(expected).max())


def test_explain_step_function_with_samples_stops_at_limit() -> None:
    steps = method(lambda x: (x > 0.5).sum(axis=1).astype(float), np.zeros_like, sampled=True)
    found = explain(steps, ROW, ZERO)
    assert found.evaluations <= 32 + 64 + 128 + 256 + 512
    assert found.error == pytest.approx(1.0)


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize("steps", [32, 64, 128, 256, 512])
def test_rounds_of_any_limit_take_less_than_twice_as_many_steps(steps: int, sampled: bool) -> None:
    rounds = Gradient("", ("x",), {"y": 1}, 32, steps, sampled=sampled).rounds
    assert rounds[0] == 32
    assert 2 * steps > sum(rounds) >= steps
    assert max(rounds) <= steps


def test_explain_large_model_stops_at_smaller_limit() -> None:
    limited = method(lambda x: (x > 0.5).sum(axis=1).astype(float), np.zeros_like, steps=64)
    assert explain(limited, ROW, ZERO).evaluations == 32 + 64


def test_explain_equal_row_and_baseline_returns_zeros_without_gap() -> None:
    found = explain(CUBES, BASE)
    assert not found.values["x"].any()
    assert found.error == 0


def test_explain_beyond_time_stops_between_calls() -> None:
    engine = Analytic(lambda x: (x > 0.5).sum(axis=1).astype(float), np.zeros_like)
    limited = IntegratedGradients(Gradient("", ("x",), {"y": 1}, 8, 512), engine)

    def check_time() -> None:
        if engine.calls == 6:
            raise TooLarge("late")

    with pytest.raises(TooLarge):
        limited.explain(Query({"x": ROW}, {"x": ZERO}, "y", 0, check_time))
    assert engine.calls == 6


@pytest.mark.parametrize(("output", "number"), [("y", 1), ("y", -1), ("z", 0)])
def test_explain_unknown_target_raises(output: str, number: int) -> None:
    with pytest.raises(Unexplained, match=f"{number} of the output '{output}'"):
        CUBES.explain(Query({"x": ROW}, {"x": BASE}, output, number))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("end", [0, 1])
def test_explain_row_or_baseline_without_finite_numbers_raises(value: float, end: int) -> None:
    ends = [ROW.copy(), BASE.copy()]
    ends[end][0, 1] = value
    with pytest.raises(Unexplained, match="not finite"):
        explain(CUBES, *ends)


def test_explain_infinite_slope_raises() -> None:
    pole = method(lambda x: 1 / x.sum(axis=1), lambda x: np.full_like(x, np.inf))
    with pytest.raises(Unexplained, match="gradient is not finite"):
        explain(pole)


CITIES = np.array([[b"Rome", b"Oslo"]], object)
ENCODED = Program(
    (
        Step("elementwise.divide", ("age", "scale"), ("aged",)),
        Step("elementwise.equal", ("city", "cities"), ("matches",)),
        Step("arrays.cast", ("matches",), ("flags",), {"dtype": "float32"}),
        Step("arrays.concatenate", ("aged", "flags"), ("joined",), {"axis": 1}),
    ),
    {"x": "joined"},
    {"scale": np.array(10.0, np.float32), "cities": CITIES},
)
MIXED = Program((Step("elementwise.multiply", ("age", "income"), ("both",)),), {"x": "both"})
TABLE = {"age": np.array([[30.0], [50.0]], np.float32), "city": np.array([[b"Oslo"], [b"Rome"]], object)}
TYPICAL = {"age": np.array([[40.0]], np.float32), "city": np.array([[b"Rome"]], object)}


def test_explain_encoded_columns_returns_attributions_of_columns() -> None:
    squares = method(lambda x: (x**2).sum(axis=1) + x[:, 2], lambda x: 2 * x + [0, 0, 1], ENCODED)
    rows = [{name: array[at : at + 1] for name, array in TABLE.items()} for at in (0, 1)]
    found = [squares.explain(Query(row, TYPICAL, "y", 0)) for row in rows]
    ages, cities = ([each.values[name] for each in found] for name in ("age", "city"))
    np.testing.assert_allclose(ages, [[3.0**2 - 4.0**2], [5.0**2 - 4.0**2]], rtol=1e-5)
    np.testing.assert_allclose(cities, [[1.0], [0.0]], atol=1e-6)
    assert max(each.error for each in found) < 1e-5


def test_explain_combined_columns_raises() -> None:
    line = method(lambda x: x.sum(axis=1), np.ones_like, MIXED)
    row, base = ({"age": np.full((1, 1), a, np.float32), "income": np.full((1, 1), a, np.float32)} for a in (3, 1))
    with pytest.raises(Unexplained, match="several columns"):
        line.explain(Query(row, base, "y", 0))


def bundle(entry: Mapping[str, object]) -> Bundle:
    spec = TensorSpec("x", "float32", (None, 3))
    manifest = Manifest("litert", (Signature("serving_default", (spec,), (spec,)),), {}, explain=entry)
    return Bundle(Path("absent"), Manifest.from_bytes(manifest.to_bytes()), "", 0)


def test_load_without_gradient_raises_reason() -> None:
    with pytest.raises(Unexplained, match="it has a loop"):
        IntegratedGradients.load(bundle(Gradient("it has a loop").to_json()))
    with pytest.raises(Unexplained, match="older"):
        IntegratedGradients.load(bundle({}))
    with pytest.raises(Unexplained, match="later version"):
        IntegratedGradients.load(bundle({"method": "another"}))


GRADIENT = Gradient("", ("b", "a"), {"z": 3, "y": 1}, 16, 128, 2e-7, sampled=True)


@pytest.mark.parametrize(
    "change",
    [{"points": 3}, {"points": None}, {"steps": 16}, {"outputs": []}, {"outputs": [{"name": "z", "numbers": 0}]}],
)
def test_load_invalid_entry_raises_bundle_error(change: Mapping[str, object]) -> None:
    with pytest.raises(BundleError):
        IntegratedGradients.load(bundle(GRADIENT.to_json() | change))


def test_entry_survives_manifest_with_order_of_targets() -> None:
    assert Gradient.from_json(bundle(GRADIENT.to_json()).manifest.explain) == GRADIENT
    earlier = {name: value for name, value in GRADIENT.to_json().items() if name != "sampled"}
    assert Gradient.from_json(earlier) == GRADIENT._replace(sampled=False)
    assert [GRADIENT.target("z", 2), GRADIENT.target("y", 0), GRADIENT.target("z", 3)] == [2, 3, None]


class Broken(Analytic):
    """Engine of a file that is not a gradient of the model."""

    def __init__(self, outputs: Mapping[str, Array] | None) -> None:
        super().__init__(lambda x: x.sum(axis=1), np.ones_like)
        self._outputs = outputs

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        if self._outputs is None:
            raise KeyError(signature)
        return {**super().run(signature, inputs), **self._outputs}


WRONG = {"gradient_0": (1, 4), "base": (1, 2), "prediction": (0,), "numbers": (9,), "changes": (8, 1)}


@pytest.mark.parametrize(
    "outputs",
    [None, *({name: np.zeros(shape)} for name, shape in WRONG.items())],
    ids=["signature", *WRONG],
)
def test_explain_file_of_another_model_raises_bundle_error(outputs: Mapping[str, Array] | None) -> None:
    broken = IntegratedGradients(Gradient("", ("x",), {"y": 1}, 8, 32, sampled=True), Broken(outputs))
    with pytest.raises(BundleError):
        explain(broken)


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": ["nope"]},
        {"inputs": []},
        {"inputs": ["x", "x"]},
        {"outputs": [{"name": "x", "numbers": 1000}]},
        {"outputs": [{"name": "z", "numbers": 3}]},
    ],
)
def test_load_entry_of_another_model_raises_bundle_error(change: Mapping[str, object]) -> None:
    valid = Gradient("", ("x",), {"x": 3}, 16, 128)
    with pytest.raises(BundleError, match="manifest"):
        IntegratedGradients.load(bundle(valid.to_json() | change))
