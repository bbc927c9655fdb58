"""The figures of chunks, added up, are those of scikit-learn for the whole file."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics as reference

from lightship.calls import Call
from lightship.jobs import evaluation, metrics, operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.predictions import Scored
from lightship.jobs.records import SYSTEM, Options
from lightship.model import Model
from lightship.tensors import Signature, TensorSpec
from tests.bundles import Registries
from tests.jobs.clouds import drop, objects_below, push
from tests.jobs.workers import run

CLASSES = ["benign", "malignant"]


def figures(cloud: Cloud, model: str, text: str, **options: object) -> dict:
    drop(cloud, "uploads/system/1/t.csv", text.encode())
    chosen = Options(chunk=700, **options)  # type: ignore[arg-type]
    job = operations.start(cloud, owner=SYSTEM, model=model, key="uploads/system/1/t.csv", options=chosen)
    run(cloud)
    receipt = json.loads(objects_below(cloud, job.output)[f"{job.output}receipt.json"])
    assert len(receipt["parts"]) > 2
    return receipt.get("metrics", {})


@pytest.mark.parametrize("named", [True, False])
def test_classes(cloud: Cloud, registries: Registries, named: bool) -> None:
    chance = np.random.default_rng(3)
    cells = chance.uniform([6, 9, 0], [29, 40, 0.5], (200, 3)).round(3)
    truth = chance.integers(0, 2, 200)
    column = "malignancy" if named else "truth"
    lines = [f"mean radius,mean texture,mean concavity,{column}"]
    lines += [f"{a},{b},{c},{CLASSES[t] if named else t}" for (a, b, c), t in zip(cells.tolist(), truth, strict=True)]
    found = figures(cloud, "quickstart", "\n".join(lines), target=None if named else "truth")
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
    found = figures(cloud, "half_plus_two", "\n".join(lines))
    predicted = x / 2 + 2
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(truth, predicted), rel=1e-5)
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(truth, predicted), rel=1e-5)
    assert found["r2"] == pytest.approx(reference.r2_score(truth, predicted), rel=1e-5)


def test_rows_without_a_truth_are_not_counted(cloud: Cloud, registries: Registries) -> None:
    push(cloud.s3, registries.small, "half_plus_two")
    lines = ["x,y", *(f"{n},{n / 2 + 2 if n % 2 else 'unknown'}" for n in range(300))]
    found = figures(cloud, "half_plus_two", "\n".join(lines))
    assert (found["rows"], found["mae"]) == (150, 0.0)


def test_a_target_that_is_no_column_fails_the_job(cloud: Cloud) -> None:
    drop(cloud, "uploads/system/1/t.csv", b"mean radius,mean texture,mean concavity\n1,2,3\n")
    options = Options(target="truth")
    job = operations.start(cloud, owner=SYSTEM, model="quickstart", key="uploads/system/1/t.csv", options=options)
    run(cloud)
    found = operations.status(cloud, owner=SYSTEM, job=job.id)
    assert (found.state, found.job.reason) == ("failed", "the file has no column 'truth' with the true answers")


def test_many_classes_are_counted_without_a_table_of_confusion() -> None:
    classes = tuple(f"c{number}" for number in range(60))
    spec = TensorSpec("y", "float32", (None, 60), classes=classes)
    table = np.eye(60, dtype=np.float32)[[3, 4, 5]]
    scored = Scored(np.arange(3), [["c3", "c4", "c5"], *table.T])
    found = metrics.figures(evaluation.count(Signature("s", (), (spec,)), ["c3", "4", "c9"], scored))
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert "confusion" not in found


def test_the_order_of_chunks_does_not_matter() -> None:
    base = {"kind": "numbers", "output": "y", "rows": 1, "truth": 1.0, "truth_squared": 1.0, "absolute": 0.1}
    counts = [{**base, "squared": value} for value in (1e16, 1.0, -1e16, 0.1)]
    assert metrics.merge(counts) == metrics.merge(counts[::-1])
    assert metrics.merge(counts)["squared"] == 1.1
    assert metrics.figures(metrics.merge([{}, {}])) == {}
