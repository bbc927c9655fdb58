"""Jobs from a file in the bucket to a receipt."""

from __future__ import annotations

import csv
import gzip
import io
import json

import numpy as np
import pytest

from lightship.calls import Call
from lightship.jobs.cloud import Cloud
from lightship.model import Model
from tests.bundles import Registries
from tests.jobs.clouds import drop, objects_below
from tests.jobs.workers import run

COLUMNS = ("mean radius", "mean texture", "mean concavity")
OUTPUT = "batch/quickstart/output/"


def table(rows: int, *, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform([6, 9, 0], [29, 40, 0.5], (rows, 3)).round(4)


def as_csv(cells: np.ndarray, *, header: bool = True, end: str = "\n") -> bytes:
    lines = [",".join(COLUMNS)] if header else []
    return "".join(line + end for line in [*lines, *(",".join(map(str, row)) for row in cells.tolist())]).encode()


def output(cloud: Cloud, model: str = "quickstart") -> tuple[dict, list[dict], list[dict]]:
    """Return the only job's receipt, its rows and its errors."""
    files = objects_below(cloud, f"batch/{model}/output/")
    (key,) = [key for key in files if key.endswith("/receipt.json")]
    receipt = json.loads(files.pop(key))
    rows = [row for part in receipt["parts"] for row in csv.DictReader(io.StringIO(files[part["key"]].decode()))]
    errors = [json.loads(line) for part in receipt["errors"] for line in files[part["key"]].splitlines()]
    return receipt, rows, errors


def expected(registries: Registries, cells: np.ndarray) -> list[float]:
    model = Model.open(registries.examples / "quickstart" / "1")
    return model.predict(Call({"features": cells.astype(np.float32)})).outputs["malignancy"][:, 0].tolist()


def check(registries: Registries, rows: list[dict], cells: np.ndarray) -> None:
    assert [[float(row[name]) for name in COLUMNS] for row in rows] == cells.tolist()
    assert [float(row["probability_malignant"]) for row in rows] == pytest.approx(expected(registries, cells), abs=1e-6)
    for row in rows:
        likely = "malignant" if float(row["probability_malignant"]) > 0.5 else "benign"
        assert row["predicted_malignancy"] == likely


def test_uploaded_file_is_scored(cloud: Cloud, registries: Registries) -> None:
    cells = table(500)
    results = run(cloud, drop(cloud, "batch/quickstart/input/patients.csv", as_csv(cells)))
    assert results == ["split", "done"]
    receipt, rows, errors = output(cloud)
    check(registries, rows, cells)
    assert errors == []
    assert receipt["rows"] == {"read": 500, "scored": 500, "rejected": 0}
    assert receipt["columns"] == [*COLUMNS, "predicted_malignancy", "probability_benign", "probability_malignant"]
    assert receipt["model"]["name"] == "quickstart"
    assert receipt["complete"] is True


@pytest.mark.parametrize("form", ["gzip", "crlf", "mark", "bare"])
def test_csv_gzip_line_ends_bom_and_missing_header_are_scored(cloud: Cloud, registries: Registries, form: str) -> None:
    cells = table(300)
    data = as_csv(cells, header=form != "bare", end="\r\n" if form == "crlf" else "\n")
    data = b"\xef\xbb\xbf" + data if form == "mark" else data
    data = gzip.compress(data) if form == "gzip" else data
    run(cloud, drop(cloud, "batch/quickstart/input/p.csv" + (".gz" if form == "gzip" else ""), data))
    receipt, rows, _ = output(cloud)
    check(registries, rows, cells)
    assert receipt["rows"]["read"] == 300
