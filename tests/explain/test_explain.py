"""Explanations of models: features by name, targets, limits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.calls import Call, Explanation
from lightship.errors import InvalidInput, NotFound, TooLarge
from lightship.explain import explain
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.settings import ExplainSettings
from lightship.tensors import Array, TensorSpec
from tests.bundles import Registries
from tests.explain.models import model

TABLE = TensorSpec("x", "float32", (None, 3), kind={"type": "tabular", "columns": ["a", "b", "c"]})
TYPES = {
    "city": {"type": "category", "values": ["Bern", "Rome", "Oslo"], "output": "one_hot"},
    "member": {"type": "boolean"},
    "since": {"type": "date", "features": ["year", "month"]},
}
TYPED = TensorSpec(
    "x", "float32", (None, 7), kind={"type": "tabular", "columns": ["age", "city", "member", "since"], "types": TYPES}
)
RECORDED = np.array([[20, 0, 1, 0, 1, 2020, 5], [40, 0, 1, 0, 1, 2021, 6], [60, 1, 0, 0, 0, 2020, 5]], np.float32)


def linear(x: Array) -> Array:
    return x @ np.array([[2.0], [-3.0], [0.5]], np.float32)


def one(subject: Model, inputs: dict[str, Array], target: Any = None, **options: Any) -> Explanation:
    _, (row,) = explain(subject, Call(inputs), target, **options)
    return row


def test_explain_of_linear_model_returns_coefficients(tmp_path: Path) -> None:
    recorded = np.array([[1, 2, 3], [3, 2, 1]], np.float32)
    found = one(model(tmp_path, linear, (TABLE,), {"x": recorded}), {"x": np.float32([[4, 4, 4]])})
    assert found.attributions == pytest.approx({"a": 2 * (4 - 2), "b": -3 * (4 - 2), "c": 0.5 * (4 - 2)})
    assert (found.method, found.output, found.target, found.error) == ("exact_shapley", "y", None, 0)
    assert found.base + sum(found.attributions.values()) == pytest.approx(found.prediction)  # type: ignore[arg-type]


def test_explain_attributes_to_columns_of_user(tmp_path: Path) -> None:
    def score(x: Array) -> Array:
        rome, oslo, member, year = x[:, 2], x[:, 3], x[:, 4], x[:, 5]
        return (x[:, 0] + 10 * oslo - 5 * rome + member + (year - 2000))[:, np.newaxis]

    subject = model(tmp_path, score, (TYPED,), {"x": RECORDED})
    row = np.float32([[50, 0, 0, 1, 0, 2030, 1]])
    found = one(subject, {"x": row})
    # the baseline: the mean age 40, the most frequent city (Rome), member, the most frequent date
    assert found.attributions == pytest.approx({"age": 10, "city": 15, "member": -1, "since": 10})
    assert found.base == pytest.approx(40 - 5 + 1 + 20)


def test_explain_of_missing_number_equal_to_baseline_is_zero(tmp_path: Path) -> None:
    kind = {"type": "number", "missing": "nan"}
    spec = TensorSpec("x", "float32", (None, 2), kind=kind)
    recorded = np.float32([[np.nan, 1], [np.nan, 3]])
    subject = model(tmp_path, lambda x: np.nan_to_num(x).sum(axis=1, keepdims=True), (spec,), {"x": recorded})
    assert one(subject, {"x": np.float32([[np.nan, 5]])}).attributions == pytest.approx({"x_0": 0, "x_1": 3})
    assert one(subject, {"x": np.float32([[2, 5]])}).attributions == pytest.approx({"x_0": 2, "x_1": 3})


def test_explain_of_several_inputs_names_each(tmp_path: Path) -> None:
    age, city = TensorSpec("age", "int64", (None, 1)), TensorSpec("city", "string", (None, 1))
    recorded = {"age": np.int64([[10], [21]]), "city": np.array([[b"Oslo"], [b"Oslo"]], object)}

    def score(age: Array, city: Array) -> Array:
        return age + 100 * (city == b"Bern the town")

    subject = model(tmp_path, score, (age, city), recorded)
    found = one(subject, {"age": np.int64([[26]]), "city": np.array([[b"Bern the town"]], object)})
    assert found.attributions == pytest.approx({"age": 26 - 16, "city": 100})  # 15.5 is rounded


def test_explain_of_equal_names_in_two_inputs_names_input(tmp_path: Path) -> None:
    kind = {"type": "tabular", "columns": ["size"]}
    one_, other = (TensorSpec(name, "float32", (None, 1), kind=kind) for name in ("house", "garden"))
    recorded = {"house": np.zeros((1, 1), np.float32), "garden": np.zeros((1, 1), np.float32)}
    subject = model(tmp_path, lambda house, garden: house + 2 * garden, (one_, other), recorded)
    found = one(subject, {"house": np.float32([[1]]), "garden": np.float32([[1]])})
    assert found.attributions == pytest.approx({"size": 1, "garden.size": 2})


def test_explain_of_many_columns_reports_standard_error(tmp_path: Path) -> None:
    spec = TensorSpec("x", "float32", (None, 20))

    def score(x: Array) -> Array:
        return 3 * x[:, :3].prod(axis=1, keepdims=True) + x.sum(axis=1, keepdims=True)

    subject = model(tmp_path, score, (spec,), {"x": np.zeros((2, 20), np.float32)})
    found = one(subject, {"x": np.ones((1, 20), np.float32)})
    assert found.method == "kernel_shap"
    expected = {f"x_{index}": 2.0 if index < 3 else 1.0 for index in range(20)}
    assert found.attributions == pytest.approx(expected, abs=5 * found.error)
    assert 0 < found.error < 0.1


def test_explain_of_text_leaves_out_words(tmp_path: Path) -> None:
    spec = TensorSpec("text", "string", (None,))

    def score(text: Array) -> Array:
        counts = [2.0 * each.count(b"good") - each.count(b"bad") for each in text]
        return np.array(counts)[:, np.newaxis]

    subject = model(tmp_path, score, (spec,), {"text": np.array([b"a"], object)})
    found = one(subject, {"text": np.array(["a good, not  bad ﬁlm 東京".encode()], object)})
    assert found.method == "occlusion"
    assert found.attributions == {
        "text": (("a", 0.0), ("good,", 2.0), ("not", 0.0), ("bad", -1.0), ("ﬁlm", 0.0), ("東", 0.0), ("京", 0.0))
    }
    assert (found.base, found.error) == (0, 0)


@pytest.mark.parametrize("text", [b"", b"   ", b"\xff\xfe \xff", b"\x00"])
def test_explain_of_unusual_text_returns_words(tmp_path: Path, text: bytes) -> None:
    spec = TensorSpec("text", "string", (None,))
    subject = model(
        tmp_path, lambda text: np.array([[len(each)] for each in text]), (spec,), {"text": np.array([b"a"], object)}
    )
    found = one(subject, {"text": np.array([text], object)})
    assert len(found.attributions["text"]) == len(re.findall(rb"\S+", text))  # type: ignore[arg-type]


def test_explain_of_long_text_is_bounded(tmp_path: Path) -> None:
    spec = TensorSpec("text", "string", (None,))
    subject = model(
        tmp_path, lambda text: np.array([[len(each)] for each in text]), (spec,), {"text": np.array([b"a"], object)}
    )
    found = one(subject, {"text": np.array([b"word " * 20_000], object)})
    assert found.evaluations == 2 + 128 + 64
    assert " ".join(word for word, _ in found.attributions["text"]).split() == ["word"] * 20_000  # type: ignore[union-attr]


def test_explain_of_interchangeable_words_reports_error(tmp_path: Path) -> None:
    spec = TensorSpec("text", "string", (None,))

    def score(text: Array) -> Array:
        return np.array([[float(b"good" in each or b"fine" in each)] for each in text])

    subject = model(tmp_path, score, (spec,), {"text": np.array([b"a"], object)})
    found = one(subject, {"text": np.array([b"good fine"], object)})
    assert found.attributions == {"text": (("good", 0.0), ("fine", 0.0))}
    assert found.error == 1


@pytest.mark.parametrize(
    ("shape", "grid"),
    [((28, 30, 3), (14, 14)), ((8, 8), (8, 8)), ((100, 2), (14, 2)), ((300,), (128,)), ((1, 20, 20, 1), (14, 14))],
)
def test_explain_of_image_returns_grid(tmp_path: Path, shape: tuple[int, ...], grid: tuple[int, ...]) -> None:
    kind = None if len(shape) != 1 else {"type": "unknown"}
    spec = TensorSpec("image", "float32", (None, *(None if size == 300 else size for size in shape)), kind=kind)
    recorded = {"image": np.ones((1, *shape), np.float32)}

    def score(image: Array) -> Array:
        return image.reshape(len(image), *shape).reshape(len(image), -1)[:, :1] * 10

    row = np.zeros(shape, np.float32)
    row.flat[0] = 7
    found = one(model(tmp_path, score, (spec,), recorded), {"image": row[np.newaxis]})
    values = found.attributions["image"]
    assert isinstance(values, np.ndarray)
    assert values.shape == grid
    assert values.flat[0] > 0
    assert not values.ravel()[1:].any()
    assert found.error < 1e-5  # only one patch matters, so blocks say the same


def test_explain_of_image_replaces_patches_by_mean_colour(tmp_path: Path) -> None:
    spec = TensorSpec("image", "uint8", (None, 4, 4, 3), kind={"type": "image", "mode": "RGB"})
    row = np.zeros((1, 4, 4, 3), np.uint8)
    row[0, 0, 0] = [160, 16, 33]
    subject = model(
        tmp_path, lambda image: image[:, 0, 0, :].astype(float).sum(axis=1, keepdims=True), (spec,), {"image": row}
    )
    found = one(subject, {"image": row})
    assert found.base == 10 + 1 + 2  # 33 / 16 is rounded
    assert found.attributions["image"].flat[0] == 160 + 16 + 33 - 13  # type: ignore[union-attr]


CLASSES = TensorSpec("p", "float32", (None, 3), classes=("cat", "dog", "cow"))


def three(x: Array) -> Array:
    return np.stack([x[:, 0], x[:, 1], x[:, 2] * 0], axis=1)


def test_explain_without_target_explains_likeliest_class_of_each_row(tmp_path: Path) -> None:
    subject = model(tmp_path, three, (TABLE,), {"x": np.zeros((1, 3), np.float32)}, output=CLASSES)
    result, rows = explain(subject, Call({"x": np.float32([[1, 0, 0], [0, 1, 0]])}))
    assert [row.target for row in rows] == ["cat", "dog"]
    assert rows[1].attributions == {"a": 0, "b": 1, "c": 0}
    assert result.outputs["p"].tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("target", ["dog", 1, "1"])
def test_explain_takes_class_or_index(tmp_path: Path, target: str | int) -> None:
    subject = model(tmp_path, three, (TABLE,), {"x": np.zeros((1, 3), np.float32)}, output=CLASSES)
    found = one(subject, {"x": np.float32([[1, 0.25, 0]])}, target)
    assert (found.target, found.prediction) == ("dog", 0.25)


@pytest.mark.parametrize("target", ["bird", "3", 3, -1, "-1", "", "²", "1.0", "9" * 5000])
def test_explain_refuses_unknown_target(tmp_path: Path, target: str | int) -> None:
    subject = model(tmp_path, three, (TABLE,), {"x": np.zeros((1, 3), np.float32)}, output=CLASSES)
    with pytest.raises(InvalidInput, match=re.escape(f"'{str(target)[:80]}'")):
        one(subject, {"x": np.ones((1, 3), np.float32)}, target)


def test_explain_refuses_target_of_regression_model(tmp_path: Path) -> None:
    subject = model(tmp_path, linear, (TABLE,), {"x": np.zeros((1, 3), np.float32)})
    with pytest.raises(InvalidInput, match="'y'"):
        one(subject, {"x": np.ones((1, 3), np.float32)}, 0)


@pytest.mark.parametrize("logits", [False, True])
def test_explain_of_first_of_two_classes_is_opposite_of_second(tmp_path: Path, logits: bool) -> None:
    output = TensorSpec("p", "float32", (None, 1), classes=("no", "yes"), from_logits=logits)
    subject = model(tmp_path, lambda x: x[:, :1] / 10, (TABLE,), {"x": np.zeros((1, 3), np.float32)}, output=output)
    row = {"x": np.float32([[9, 0, 0]])}
    yes, no = one(subject, row), one(subject, row, "no")
    assert (yes.target, no.target) == ("yes", "no")
    assert yes.attributions["a"] == pytest.approx(0.9)
    assert no.attributions["a"] == pytest.approx(-0.9)
    assert no.prediction == pytest.approx(-0.9 if logits else 0.1)
    assert yes.scale == no.scale == ("log_odds" if logits else "output")


def test_explain_refuses_output_of_integers(registries: Registries) -> None:
    subject = Model.load(Registry(str(registries.small)).open("counts"))
    with pytest.raises(InvalidInput, match="'n2'"):
        one(subject, {"n": np.int32([[1, 2, 3]])})


def test_explain_refuses_two_outputs_and_unknown_one(registries: Registries) -> None:
    subject = Model.load(Registry(str(registries.small)).open("pair"))
    inputs = {"a": np.float32([[1, 2]]), "b": np.float32([[3]])}
    with pytest.raises(InvalidInput, match="sum, product"):
        explain(subject, Call(inputs, outputs=("sum", "product")))
    with pytest.raises(NotFound, match="'other'"):
        explain(subject, Call(inputs, outputs=("other",)))
    _, (row,) = explain(subject, Call(inputs, outputs=("product",)), 0)
    assert (row.output, row.target, row.prediction) == ("product", 0, 3)


def test_explain_refuses_infinite_number(registries: Registries) -> None:
    subject = Model.load(Registry(str(registries.small)).open("roots"))
    with pytest.raises(InvalidInput, match="'y'"):
        one(subject, {"x": np.float32([[-1, 4]])}, 0)


def test_explain_computes_dependent_rows_one_by_one(registries: Registries) -> None:
    subject = Model.load(Registry(str(registries.small)).open("centred"))
    found = one(subject, {"x": np.float32([[5, 7]])}, 0)  # minus the mean of the rows: alone, each is 0
    assert found.attributions == {"x_0": 0, "x_1": 0}


def test_explain_beyond_evaluations_is_refused_before_any(tmp_path: Path) -> None:
    computed = []

    def score(x: Array) -> Array:
        computed.append(len(x))
        return linear(x)

    subject = model(tmp_path, score, (TABLE,), {"x": np.zeros((1, 3), np.float32)})
    rows = np.ones((10, 3), np.float32)
    with pytest.raises(TooLarge, match="at most 4 of these rows"):
        explain(subject, Call({"x": rows}), limits=ExplainSettings(evaluations=8 * 4 + 3))
    with pytest.raises(TooLarge, match="LIGHTSHIP_EXPLAIN_EVALUATIONS"):
        explain(subject, Call({"x": rows}), limits=ExplainSettings(evaluations=3))
    assert computed == [1]  # the recorded row


def test_explain_beyond_time_is_refused(tmp_path: Path) -> None:
    subject = model(tmp_path, linear, (TABLE,), {"x": np.zeros((1, 3), np.float32)})
    with pytest.raises(TooLarge):
        explain(subject, Call({"x": np.ones((1, 3), np.float32)}), limits=ExplainSettings(seconds=0))


def test_explain_of_refused_variants_names_reason(tmp_path: Path) -> None:
    def strict(text: Array) -> Array:
        if any(b"euro" not in each for each in text):
            raise InvalidInput("an amount needs a currency", row=3)
        return np.ones((len(text), 1))

    spec = TensorSpec("text", "string", (None,))
    subject = model(tmp_path, strict, (spec,), {"text": np.array([b"1 euro"], object)})
    with pytest.raises(InvalidInput, match="needs a currency") as refused:
        one(subject, {"text": np.array([b"2 euro"], object)})
    assert refused.value.row is None


def test_explain_checks_inputs(tmp_path: Path) -> None:
    subject = model(tmp_path, linear, (TABLE,), {"x": np.zeros((1, 3), np.float32)})
    for array in (np.ones((1, 2), np.float32), np.ones((1, 3)), np.ones((0, 3), np.float32), np.ones(3, np.float32)):
        with pytest.raises(InvalidInput, match="'x'"):
            one(subject, {"x": array})


def test_explain_of_wide_table_leaves_out_columns(tmp_path: Path) -> None:
    spec = TensorSpec("x", "float32", (None, 1001))
    subject = model(tmp_path, lambda x: x.sum(axis=1, keepdims=True), (spec,), {"x": np.zeros((1, 1001), np.float32)})
    found = one(subject, {"x": np.ones((1, 1001), np.float32)})
    assert found.method == "occlusion"
    assert set(found.attributions.values()) == {1.0}
