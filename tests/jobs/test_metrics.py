"""Metrics merged from chunks equal those of scikit-learn for the whole file."""

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
from lightship.jobs.score import counting
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


def counts_of(signature: Signature, targets: list[Any], outputs: np.ndarray, *, chunks: int = 1) -> list[dict]:
    """Return the counts of a model's outputs for these targets, in several chunks."""
    counts = []
    for indices in np.array_split(np.arange(len(targets)), chunks):
        predicted = columns(signature, {signature.outputs[0].name: outputs[indices]}) if len(indices) else []
        scored_rows = Scored(indices, predicted or [[] for _ in names_of(signature, ())])
        counts.append(counting.count(signature, [targets[index] for index in indices], scored_rows))
    return counts


def classified(*classes: str, width: int | None = None, logits: bool = False) -> Signature:
    shape = (None, len(classes) if width is None else width)
    return Signature("s", (), (TensorSpec("y", "float32", shape, classes=classes, from_logits=logits),))


@pytest.mark.parametrize("named", [True, False])
def test_metrics_of_classes_match_scikit_learn(cloud: Cloud, registries: Registries, named: bool) -> None:
    rng = np.random.default_rng(3)
    cells = rng.uniform([6, 9, 0], [29, 40, 0.5], (200, 3)).round(3)
    target = rng.integers(0, 2, 200)
    column = "malignancy" if named else "target"
    lines = [f"mean radius,mean texture,mean concavity,{column}"]
    lines += [f"{a},{b},{c},{CLASSES[t] if named else t}" for (a, b, c), t in zip(cells.tolist(), target, strict=True)]
    found = figures(cloud, "quickstart", "\n".join(lines).encode(), target=None if named else "target")
    model = Model.open(registries.examples / "quickstart" / "1")
    second = model.predict(Call({"features": cells.astype(np.float32)})).outputs["malignancy"][:, 0].astype(np.float64)
    table = np.stack([1 - second, second], axis=1)
    assert found["rows"] == 200
    assert found["accuracy"] == reference.accuracy_score(target, table.argmax(axis=1))
    assert found["confusion"] == reference.confusion_matrix(target, table.argmax(axis=1)).tolist()
    bounded = np.clip(second, 1e-7, 1 - 1e-7)
    assert found["log_loss"] == pytest.approx(reference.log_loss(target, bounded), rel=1e-3)


def test_metrics_of_numbers_match_scikit_learn(cloud: Cloud, registries: Registries) -> None:
    push(cloud.s3, registries.small, "half_plus_two")
    rng = np.random.default_rng(4)
    x = rng.uniform(-9, 9, 300).round(3)
    target = (x / 2 + 2 + rng.normal(0, 1, 300)).round(3)
    lines = ["x,y", *(f"{a},{b}" for a, b in zip(x.tolist(), target.tolist(), strict=True))]
    found = figures(cloud, "half_plus_two", "\n".join(lines).encode())
    predicted = x / 2 + 2
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(target, predicted), rel=1e-5)
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(target, predicted), rel=1e-5)
    assert found["r2"] == pytest.approx(reference.r2_score(target, predicted), rel=1e-5)


def test_rows_with_unreadable_target_are_not_counted(cloud: Cloud, registries: Registries) -> None:
    push(cloud.s3, registries.small, "half_plus_two")
    lines = ["x,y", *(f"{n},{n / 2 + 2 if n % 2 else 'unknown'}" for n in range(300))]
    found = figures(cloud, "half_plus_two", "\n".join(lines).encode())
    assert (found["rows"], found["mae"]) == (150, 0.0)


def test_targets_outside_grammar_of_numbers_are_not_counted() -> None:
    (counts,) = counts_of(NUMBER, ["1_000", "\u0661", "2", " 3 "], np.float32([[1], [2], [3], [4]]))
    assert counting.figures(counts)["rows"] == 2


@pytest.mark.parametrize("field", ["malignancy", "target"])
def test_json_lines_fields_are_targets(cloud: Cloud, field: str) -> None:
    rows: list[dict[str, Any]] = [{"features": [7 + n, 20, 0.1], field: CLASSES[n % 2]} for n in range(20)]
    rows[3:5] = [{"features": [7, 20, 0.1]}, {"broken": 1}]
    data = b"\n".join(json.dumps(row).encode() for row in rows)
    found = figures(cloud, "quickstart", data, name="t.jsonl", target=None if field == "malignancy" else field)
    assert found["rows"] == 18
    assert np.sum(found["confusion"], axis=1).tolist() == [9, 9]


def test_target_not_in_columns_fails_job(cloud: Cloud) -> None:
    table = b"mean radius,mean texture,mean concavity\n1,2,3\n"
    lines = b"".join(json.dumps({"features": [n, 20, 0.1], "target": 1}).encode() + b"\n" for n in range(40))
    for name, data in {"t.csv": table, "t.jsonl": lines}.items():
        found = scored(cloud, "quickstart", name, data, target="targte")
        assert found.state == "failed"
        assert "'targte'" in found.job.reason


def test_json_lines_target_only_in_first_chunk_is_counted(cloud: Cloud) -> None:
    data = b"".join(json.dumps({"features": [n, 20, 0.1]}).encode() + b"\n" for n in range(40))
    data = b'{"features": [1, 2, 3], "target": 1}\n' + data
    assert figures(cloud, "quickstart", data, name="t.jsonl", target="target")["rows"] == 1


def test_many_classes_have_no_confusion_matrix() -> None:
    signature = classified(*(f"c{number}" for number in range(60)))
    (counts,) = counts_of(signature, ["c3", "4", "c9"], np.eye(60, dtype=np.float32)[[3, 4, 5]])
    found = counting.figures(counts)
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


def target_forms(classes: tuple[str, ...], indices: list[int]) -> Iterator[list[Any]]:
    """Yield the same targets in each form that a file may have.

    Those are class names, numbers that are class names, or indices where class names are words.
    """
    yield [classes[index] for index in indices]
    yield [f" {classes[index]}" for index in indices]
    numbers = [float(name) if name.strip("-.0123456789") == "" else None for name in classes]
    if None not in numbers:
        yield from ([form(numbers[index]) for index in indices] for form in FORMS)  # type: ignore[operator]
    elif not any(numbers):
        yield from ([form(index) for index in indices] for form in FORMS)  # type: ignore[operator]


@pytest.mark.parametrize("output", ["probabilities", "logits", "column", "logit"])
@pytest.mark.parametrize("names", NAMES)
def test_classes_by_any_target_form_match_scikit_learn(names: str, output: str) -> None:
    single = output in {"column", "logit"}
    classes = NAMES[names][: 2 if single else 3]
    rng = np.random.default_rng(len(names) + len(output))
    raw = rng.normal(0, 4, (60, 1 if single else 3)).astype(np.float32)
    raw[:2] = [[-1000] * raw.shape[1], [1000] * raw.shape[1]]
    both = np.hstack([np.zeros_like(raw), raw]) if single else raw
    table = np.exp(both.astype(np.float64) - both.max(axis=1, keepdims=True))
    table = (table / table.sum(axis=1, keepdims=True)).astype(np.float32)
    outputs = {"probabilities": table, "column": table[:, 1:]}.get(output, raw)
    signature = classified(*classes, width=outputs.shape[1], logits=output in {"logit", "logits"})
    indices = rng.integers(0, len(classes), 60)
    order = list(range(len(classes)))
    for targets in target_forms(classes, indices.tolist()):
        found = counting.figures(counting.merge(counts_of(signature, targets, outputs, chunks=4)))
        assert found["rows"] == 60, targets[:5]
        assert found["accuracy"] == reference.accuracy_score(indices, table.argmax(axis=1)), targets[:5]
        assert found["confusion"] == reference.confusion_matrix(indices, table.argmax(axis=1), labels=order).tolist()
        assert found["log_loss"] == pytest.approx(reference.log_loss(indices, table, labels=order), rel=1e-4)


@pytest.mark.parametrize(
    ("classes", "targets", "rows"),
    [
        (("1", "2"), ["0", 0, "3", 1.5, None, "x", "nan", [1, 2], True, 2.0], 2),
        (("no", "yes"), [True, "1", 1.0, "yes", False, 2, -1, "True", 0.5], 5),
        (("nan", "inf"), ["inf", 1, float("nan"), "nan", "-inf"], 4),
        (("true", "false"), [True, "true", "True", 3], 2),
    ],
)
def test_targets_naming_no_class_are_not_counted(classes: tuple[str, ...], targets: list[Any], rows: int) -> None:
    (counts,) = counts_of(classified(*classes), targets, np.full((len(targets), 2), 0.5, np.float32))
    assert counts["rows"] == rows


def test_boolean_target_is_class_name_not_index() -> None:
    (counts,) = counts_of(classified("true", "false"), [True, False], np.float32([[0.9, 0.1], [0.2, 0.8]]))
    assert counting.figures(counts)["accuracy"] == 1


def test_predictions_not_finite_are_not_counted() -> None:
    (counts,) = counts_of(classified("a", "b"), ["a", "b"], np.float32([[np.nan, 1], [0, 1]]))
    assert counts["rows"] == 1
    outputs = np.array([[np.nan], [np.inf], [1e200], [1.0], [1.0]])
    (counts,) = counts_of(NUMBER, [1, 1, 1, 1, 1e200], outputs)
    assert counting.figures(counts) == {"output": "y", "rows": 1, "mae": 0, "rmse": 0}


@pytest.mark.parametrize("centre", [0.0, 273.15, 1e8, -1e12])
@pytest.mark.parametrize("seed", range(20))
def test_metrics_of_large_numbers_match_scikit_learn(seed: int, centre: float) -> None:
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(2, 400))
    target = centre + rng.integers(-3000, 3000, rows) / 1024
    values = target + rng.integers(-900, 900, rows) / 1024
    counts = counts_of(NUMBER, target.tolist(), values[:, None], chunks=int(rng.integers(1, 9)))
    found = counting.figures(counting.merge(counts))
    # The metrics do not depend on the centre, and scikit-learn's r2 is not exact for large numbers.
    near, guess = target - centre, values - centre
    assert found["rows"] == rows
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(near, guess), rel=1e-9)
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(near, guess), rel=1e-9)
    assert found["r2"] == pytest.approx(reference.r2_score(near, guess), rel=1e-6)


def test_equal_targets_have_no_r2() -> None:
    for target in (0.1, 1e8 + 0.1, 0.0):
        counts = counts_of(NUMBER, [target] * 30, np.full((30, 1), target + 1), chunks=7)
        assert set(counting.figures(counting.merge(counts))) == {"output", "rows", "mae", "rmse"}


@pytest.mark.parametrize("kind", ["numbers", "classes"])
@pytest.mark.parametrize("seed", range(20))
def test_counts_merged_in_any_order_equal_one_pass(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    signature, targets, outputs = NUMBER, rng.normal(1e6, 3, 200).tolist(), rng.normal(1e6, 3, (200, 1))
    if kind == "classes":
        signature, outputs = classified("1", "2", "3"), rng.dirichlet([1, 1, 1], 200).astype(np.float32)
        targets = rng.integers(1, 4, 200).astype(float).tolist()
    (whole,) = counts_of(signature, targets, outputs)
    parts = [*counts_of(signature, targets, outputs, chunks=11), *counts_of(signature, [], outputs), {}]
    merged = counting.merge(parts)
    assert merged == counting.merge([parts[index] for index in rng.permutation(len(parts))])
    groups = [counting.merge(group) for group in (parts[:4], parts[4:9], parts[9:])]
    for found in (merged, counting.merge(groups), counting.merge(groups[::-1])):
        assert found.keys() == whole.keys()
        for name, value in found.items():
            assert value == (pytest.approx(whole[name], rel=1e-10) if isinstance(value, float) else whole[name])


def test_metrics_without_counted_rows_are_empty() -> None:
    assert counting.figures(counting.merge([{}, {}])) == {}
    assert counting.figures(counting.merge(counts_of(NUMBER, ["x", None], np.zeros((2, 1)), chunks=2))) == {}


@pytest.mark.parametrize(
    ("target", "right"),
    [(2**53 + 1, 1), (str(2**53 + 1), 1), (f"{2**53 + 1}.0", 1), (Decimal(2**53 + 1), 1), (2**53, 0), (2**53 + 3, 0)],
)
def test_classes_named_by_64_bit_integers_are_distinguished(target: Any, right: int) -> None:
    signature = classified(str(2**53 + 1), str(2**53), str(2**53 + 4))
    (counts,) = counts_of(signature, [target], np.float32([[0.8, 0.1, 0.1]]))
    assert counts["right"] == right
    assert counts["rows"] == (target != 2**53 + 3)
