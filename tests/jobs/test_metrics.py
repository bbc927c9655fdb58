"""The figures of chunks, added up, are those of scikit-learn for the whole file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference

from lightship.calls import Call
from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.files.predictions import Scored, columns
from lightship.jobs.files.predictions import names as names_of
from lightship.jobs.ledger.requests import SYSTEM, Options, Request
from lightship.jobs.score import evaluation, metrics
from lightship.jobs.status import Status
from lightship.model import Model
from lightship.tensors import Signature, TensorSpec
from tests.bundles import Registries
from tests.jobs.clouds import drop, objects_below, push
from tests.jobs.workers import run

CLASSES = ["benign", "malignant"]
NUMBER = Signature("s", (), (TensorSpec("y", "float64", (None, 1)),))


def scored(cloud: Cloud, model: str, name: str, data: bytes, **options: Any) -> Status:
    key = f"uploads/system/1/{name}"
    drop(cloud, key, data)
    job = operations.start(cloud, Request(owner=SYSTEM, model=model, key=key, options=Options(chunk=700, **options)))
    run(cloud)
    return operations.status(cloud, owner=SYSTEM, job=job.id)


def figures(cloud: Cloud, model: str, data: bytes, *, name: str = "t.csv", **options: Any) -> dict[str, Any]:
    job = scored(cloud, model, name, data, **options).job
    receipt = json.loads(objects_below(cloud, job.output)[f"{job.output}receipt.json"])
    assert len(receipt["parts"]) > 1
    found: dict[str, Any] = receipt.get("metrics", {})
    return found


def counts_of(signature: Signature, truths: list[Any], given: np.ndarray, *, chunks: int = 1) -> list[dict[str, Any]]:
    """The counts of what a model answered for rows with these truths, in so many chunks."""
    counts = []
    for places in np.array_split(np.arange(len(truths)), chunks):
        predicted = columns(signature, {signature.outputs[0].name: given[places]}) if len(places) else []
        scored_rows = Scored(places, predicted or [[] for _ in names_of(signature, ())])
        counts.append(evaluation.count(signature, [truths[place] for place in places], scored_rows))
    return counts


def classified(*classes: str, width: int | None = None, logits: bool = False) -> Signature:
    shape = (None, len(classes) if width is None else width)
    return Signature("s", (), (TensorSpec("y", "float32", shape, classes=classes, from_logits=logits),))


@pytest.mark.parametrize("named", [True, False])
def test_classes(cloud: Cloud, registries: Registries, named: bool) -> None:
    chance = np.random.default_rng(3)
    cells = chance.uniform([6, 9, 0], [29, 40, 0.5], (200, 3)).round(3)
    truth = chance.integers(0, 2, 200)
    column = "malignancy" if named else "truth"
    lines = [f"mean radius,mean texture,mean concavity,{column}"]
    lines += [f"{a},{b},{c},{CLASSES[t] if named else t}" for (a, b, c), t in zip(cells.tolist(), truth, strict=True)]
    found = figures(cloud, "quickstart", "\n".join(lines).encode(), target=None if named else "truth")
    model = Model.open(registries.examples / "quickstart" / "1")
    second = model.predict(Call({"features": cells.astype(np.float32)})).outputs["malignancy"][:, 0].astype(np.float64)
    table = np.stack([1 - second, second], axis=1)
    assert found["rows"] == 200
    assert found["accuracy"] == reference.accuracy_score(truth, table.argmax(axis=1))
    assert found["confusion"] == reference.confusion_matrix(truth, table.argmax(axis=1)).tolist()
    bounded = np.clip(second, 1e-7, 1 - 1e-7)
    assert found["log_loss"] == pytest.approx(reference.log_loss(truth, bounded), rel=1e-3)


def test_numbers(cloud: Cloud, registries: Registries) -> None:
    push(cloud.s3, registries.small, "half_plus_two")
    chance = np.random.default_rng(4)
    x = chance.uniform(-9, 9, 300).round(3)
    truth = (x / 2 + 2 + chance.normal(0, 1, 300)).round(3)
    lines = ["x,y", *(f"{a},{b}" for a, b in zip(x.tolist(), truth.tolist(), strict=True))]
    found = figures(cloud, "half_plus_two", "\n".join(lines).encode())
    predicted = x / 2 + 2
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(truth, predicted), rel=1e-5)
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(truth, predicted), rel=1e-5)
    assert found["r2"] == pytest.approx(reference.r2_score(truth, predicted), rel=1e-5)


def test_rows_without_a_truth_are_not_counted(cloud: Cloud, registries: Registries) -> None:
    push(cloud.s3, registries.small, "half_plus_two")
    lines = ["x,y", *(f"{n},{n / 2 + 2 if n % 2 else 'unknown'}" for n in range(300))]
    found = figures(cloud, "half_plus_two", "\n".join(lines).encode())
    assert (found["rows"], found["mae"]) == (150, 0.0)


@pytest.mark.parametrize("field", ["malignancy", "truth"])
def test_fields_of_json_lines_are_truths_too(cloud: Cloud, field: str) -> None:
    rows: list[dict[str, Any]] = [{"features": [7 + n, 20, 0.1], field: CLASSES[n % 2]} for n in range(20)]
    rows[3:5] = [{"features": [7, 20, 0.1]}, {"broken": 1}]
    data = b"\n".join(json.dumps(row).encode() for row in rows)
    found = figures(cloud, "quickstart", data, name="t.jsonl", target=None if field == "malignancy" else field)
    assert found["rows"] == 18
    assert np.sum(found["confusion"], axis=1).tolist() == [9, 9]


def test_a_target_that_is_no_column_fails_the_job(cloud: Cloud) -> None:
    table = b"mean radius,mean texture,mean concavity\n1,2,3\n"
    lines = b"".join(json.dumps({"features": [n, 20, 0.1], "truth": 1}).encode() + b"\n" for n in range(40))
    for name, data in {"t.csv": table, "t.jsonl": lines}.items():
        found = scored(cloud, "quickstart", name, data, target="truht")
        assert found.state == "failed"
        assert found.job.reason == "the file has no column 'truht' with the true answers"


def test_rows_of_json_may_lack_the_target_where_the_first_ones_have_it(cloud: Cloud) -> None:
    data = b"".join(json.dumps({"features": [n, 20, 0.1]}).encode() + b"\n" for n in range(40))
    data = b'{"features": [1, 2, 3], "truth": 1}\n' + data
    assert figures(cloud, "quickstart", data, name="t.jsonl", target="truth")["rows"] == 1


def test_many_classes_are_counted_without_a_table_of_confusion() -> None:
    signature = classified(*(f"c{number}" for number in range(60)))
    (counts,) = counts_of(signature, ["c3", "4", "c9"], np.eye(60, dtype=np.float32)[[3, 4, 5]])
    found = metrics.figures(counts)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert "confusion" not in found


NAMES = {
    "words": ("low", "middle", "high"),
    "numbers": ("1", "2", "3"),
    "positions": ("0", "1", "2"),
    "backwards": ("2", "1", "0"),
    "tens": ("10", "20.0", "-5"),
    "padded": ("01", "02", "03"),
    "mixed": ("1", "two", "3"),
}
FORMS = (float, int, Decimal, str, "{:.3f}".format, " {}".format)


def truths_of(classes: tuple[str, ...], places: list[int]) -> Iterator[list[Any]]:
    """The same truths as files may hold them: by name, as the number that is a name, or as a position among words."""
    yield [classes[place] for place in places]
    yield [f" {classes[place]}" for place in places]
    numbers = [float(name) if name.strip("-.0123456789") == "" else None for name in classes]
    if None not in numbers:
        yield from ([form(numbers[place]) for place in places] for form in FORMS)  # type: ignore[operator]
    elif not any(numbers):
        yield from ([form(place) for place in places] for form in FORMS)  # type: ignore[operator]


@pytest.mark.parametrize("output", ["probabilities", "logits", "column", "logit"])
@pytest.mark.parametrize("names", NAMES)
def test_classes_by_any_name_are_scikit_learns(names: str, output: str) -> None:
    single = output in {"column", "logit"}
    classes = NAMES[names][: 2 if single else 3]
    chance = np.random.default_rng(len(names) + len(output))
    raw = chance.normal(0, 4, (60, 1 if single else 3)).astype(np.float32)
    raw[:2] = [[-1000] * raw.shape[1], [1000] * raw.shape[1]]
    both = np.hstack([np.zeros_like(raw), raw]) if single else raw
    table = np.exp(both.astype(np.float64) - both.max(axis=1, keepdims=True))
    table = (table / table.sum(axis=1, keepdims=True)).astype(np.float32)
    given = {"probabilities": table, "column": table[:, 1:]}.get(output, raw)
    signature = classified(*classes, width=given.shape[1], logits=output in {"logit", "logits"})
    places = chance.integers(0, len(classes), 60)
    order = list(range(len(classes)))
    for truths in truths_of(classes, places.tolist()):
        found = metrics.figures(metrics.merge(counts_of(signature, truths, given, chunks=4)))
        assert found["rows"] == 60, truths[:5]
        assert found["accuracy"] == reference.accuracy_score(places, table.argmax(axis=1)), truths[:5]
        assert found["confusion"] == reference.confusion_matrix(places, table.argmax(axis=1), labels=order).tolist()
        assert found["log_loss"] == pytest.approx(reference.log_loss(places, table, labels=order), rel=1e-4)


@pytest.mark.parametrize(
    ("classes", "truths", "rows"),
    [
        (("1", "2"), ["0", 0, "3", 1.5, None, "x", "nan", [1], True, 2.0], 2),
        (("no", "yes"), [True, "1", 1.0, "yes", False, 2, -1, "True", 0.5], 5),
        (("nan", "inf"), ["inf", 1, float("nan"), "nan", "-inf"], 4),
        (("true", "false"), [True, "true", "True", 3], 2),
    ],
)
def test_what_names_no_class_is_not_counted(classes: tuple[str, ...], truths: list[Any], rows: int) -> None:
    (counts,) = counts_of(classified(*classes), truths, np.full((len(truths), 2), 0.5, np.float32))
    assert counts["rows"] == rows


def test_a_boolean_is_the_class_of_that_name_and_not_a_position() -> None:
    (counts,) = counts_of(classified("true", "false"), [True, False], np.float32([[0.9, 0.1], [0.2, 0.8]]))
    assert metrics.figures(counts)["accuracy"] == 1


def test_a_prediction_that_is_no_number_is_not_counted() -> None:
    (counts,) = counts_of(classified("a", "b"), ["a", "b"], np.float32([[np.nan, 1], [0, 1]]))
    assert counts["rows"] == 1
    given = np.array([[np.nan], [np.inf], [1e200], [1.0], [1.0]])
    (counts,) = counts_of(NUMBER, [1, 1, 1, 1, 1e200], given)
    assert metrics.figures(counts) == {"output": "y", "rows": 1, "mae": 0, "rmse": 0}


@pytest.mark.parametrize("centre", [0.0, 273.15, 1e8, -1e12])
@pytest.mark.parametrize("seed", range(20))
def test_numbers_of_any_size_are_scikit_learns(seed: int, centre: float) -> None:
    chance = np.random.default_rng(seed)
    rows = int(chance.integers(2, 400))
    truth = centre + chance.integers(-3000, 3000, rows) / 1024
    values = truth + chance.integers(-900, 900, rows) / 1024
    counts = counts_of(NUMBER, truth.tolist(), values[:, None], chunks=int(chance.integers(1, 9)))
    found = metrics.figures(metrics.merge(counts))
    # The figures are the same wherever zero is, and scikit-learn's own r2 is not exact far away from it.
    near, guess = truth - centre, values - centre
    assert found["rows"] == rows
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(near, guess), rel=1e-9)
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(near, guess), rel=1e-9)
    assert found["r2"] == pytest.approx(reference.r2_score(near, guess), rel=1e-6)


def test_equal_truths_have_no_r2() -> None:
    for truth in (0.1, 1e8 + 0.1, 0.0):
        counts = counts_of(NUMBER, [truth] * 30, np.full((30, 1), truth + 1), chunks=7)
        assert set(metrics.figures(metrics.merge(counts))) == {"output", "rows", "mae", "rmse"}


@pytest.mark.parametrize("kind", ["numbers", "classes"])
@pytest.mark.parametrize("seed", range(20))
def test_counts_merged_in_any_order_are_those_of_one_pass(seed: int, kind: str) -> None:
    chance = np.random.default_rng(seed)
    signature, truths, given = NUMBER, chance.normal(1e6, 3, 200).tolist(), chance.normal(1e6, 3, (200, 1))
    if kind == "classes":
        signature, given = classified("1", "2", "3"), chance.dirichlet([1, 1, 1], 200).astype(np.float32)
        truths = chance.integers(1, 4, 200).astype(float).tolist()
    (whole,) = counts_of(signature, truths, given)
    parts = [*counts_of(signature, truths, given, chunks=11), *counts_of(signature, [], given), {}]
    merged = metrics.merge(parts)
    assert merged == metrics.merge([parts[place] for place in chance.permutation(len(parts))])
    groups = [metrics.merge(group) for group in (parts[:4], parts[4:9], parts[9:])]
    for found in (merged, metrics.merge(groups), metrics.merge(groups[::-1])):
        assert found.keys() == whole.keys()
        for name, value in found.items():
            assert value == (pytest.approx(whole[name], rel=1e-10) if isinstance(value, float) else whole[name])


def test_nothing_counted_is_no_figures() -> None:
    assert metrics.figures(metrics.merge([{}, {}])) == {}
    assert metrics.figures(metrics.merge(counts_of(NUMBER, ["x", None], np.zeros((2, 1)), chunks=2))) == {}


@pytest.mark.parametrize(
    ("truth", "right"),
    [(2**53 + 1, 1), (str(2**53 + 1), 1), (f"{2**53 + 1}.0", 1), (Decimal(2**53 + 1), 1), (2**53, 0), (2**53 + 3, 0)],
)
def test_classes_named_by_64_bit_integers_are_told_apart(truth: Any, right: int) -> None:
    signature = classified(str(2**53 + 1), str(2**53), str(2**53 + 4))
    (counts,) = counts_of(signature, [truth], np.float32([[0.8, 0.1, 0.1]]))
    assert counts["right"] == right
    assert counts["rows"] == (truth != 2**53 + 3)
