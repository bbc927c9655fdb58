"""CSV files of jobs: headers, single files, and formulas."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.requests import SYSTEM, Options, Request
from tests.bundles import Registries
from tests.jobs.clouds import drop, renamed
from tests.jobs.scoring import CELLS, COLUMNS, PREDICTED, as_csv, finished, png, probabilities, scored


def test_csv_column_named_like_model_input_rejects_no_row(all_models: Cloud) -> None:
    data = as_csv([[*COLUMNS, "features"], *([*row, "x"] for row in CELLS), ["bad", 1, 2, "x"]])
    _, receipt, _ = scored(all_models, "quickstart", "a.csv", data)
    assert receipt["rows"] == {"read": 4, "scored": 3, "rejected": 1}


def test_csv_header_missing_column_fails_job(all_models: Cloud) -> None:
    job, _, files = scored(all_models, "quickstart", "c.csv", as_csv([["a", "b", "c"], *CELLS]))
    assert job.state == "failed"
    assert "lacks the column 'mean radius'" in job.reason
    assert json.loads(files["failure.json"])["reason"] == job.reason


@pytest.mark.parametrize(
    ("first", "header", "expected"),
    [
        (["n/a", "missing"], None, {"read": 2, "scored": 1, "rejected": 1}),
        (["left", "right"], None, {"read": 1, "scored": 1, "rejected": 0}),
        (["n/a", "missing"], False, {"read": 2, "scored": 1, "rejected": 1}),
        ([2018, 2019], None, {"read": 2, "scored": 2, "rejected": 0}),
        ([2018, 2019], True, {"read": 1, "scored": 1, "rejected": 0}),
    ],
)
def test_csv_header_option_decides_first_row(
    all_models: Cloud, first: list[Any], header: bool | None, expected: dict[str, int]
) -> None:
    _, receipt, files = scored(all_models, "scorer", "a.csv", as_csv([first, [1, 4]]), header=header, single=True)
    assert receipt["rows"] == expected
    names, *rows = csv.reader(io.StringIO(files["predictions.csv"].decode()))
    assert names[:2] == (["x_0", "x_1"] if expected["read"] == 2 else list(map(str, first)))
    assert len(rows) == expected["scored"]


def test_csv_first_row_of_booleans_is_scored(all_models: Cloud) -> None:
    _, receipt, _ = scored(all_models, "flags", "a.csv", b"true,false\nfalse,true\n")
    assert receipt["rows"] == {"read": 2, "scored": 2, "rejected": 0}


def test_csv_header_with_all_columns_of_tensor_and_number_is_detected(all_models: Cloud) -> None:
    _, receipt, _ = scored(all_models, "scorer", "a.csv", b"x_1,2019,x_0\n1,0,4\n")
    assert receipt["columns"][:3] == ["x_1", "2019", "x_0"]
    assert receipt["rows"] == {"read": 1, "scored": 1, "rejected": 0}


def test_csv_header_with_numeric_name_is_detected(all_models: Cloud, expected: list[float]) -> None:
    rows = [[*COLUMNS[::-1], 2019], *([*row[::-1], 7] for row in CELLS)]
    _, receipt, files = scored(all_models, "quickstart", "a.csv", as_csv(rows))
    assert receipt["columns"][:4] == [*COLUMNS[::-1], "2019"]
    assert probabilities(files["part-00000.csv"]) == expected


def test_csv_header_without_rows_is_done(all_models: Cloud) -> None:
    for single in (False, True):
        job, receipt, files = scored(all_models, "quickstart", f"{single}.csv", as_csv([COLUMNS]), single=single)
        assert job.state == "done"
        assert receipt["rows"]["read"] == 0
        assert len(receipt["parts"]) == single
        assert receipt["columns"] == [*COLUMNS, *PREDICTED]
        assert not single or files["predictions.csv"] == as_csv([[*COLUMNS, *PREDICTED]])


def test_csv_single_file_has_one_header_and_all_rows(all_models: Cloud, expected: list[float]) -> None:
    _, receipt, files = scored(all_models, "quickstart", "d.csv", as_csv([COLUMNS, *CELLS]), single=True, chunk=20)
    assert probabilities(files["predictions.csv"]) == expected
    assert [part["key"].rpartition("/")[2] for part in receipt["parts"]] == ["predictions.csv"]


def test_csv_safe_escapes_formulas_and_keeps_numbers(all_models: Cloud) -> None:
    rows = [["note", *COLUMNS], ["=cmd()", "-1.5", 2, 3], ["@x", 1, 2, 3], ["-7", 1, 2, 3], ["fine, really", 1, 2, 3]]
    _, _, files = scored(all_models, "quickstart", "e.csv", as_csv(rows), safe=True)
    found = list(csv.DictReader(io.StringIO(files["part-00000.csv"].decode())))
    assert [row["note"] for row in found] == ["'=cmd()", "'@x", "-7", "fine, really"]
    assert found[0]["mean radius"] == "-1.5"


def test_csv_safe_escapes_predictions_and_keys(all_models: Cloud, registries: Registries, tmp_path: Path) -> None:
    renamed(all_models, registries.small / "scorer", "formulas", tmp_path, classes=["=cmd", " =cmd"])
    for single in (False, True):
        _, _, files = scored(all_models, "formulas", "s.csv", b"x_0,x_1\n1,4\n2,0.5\n", safe=True, single=single)
        rows = list(csv.DictReader(io.StringIO(files["predictions.csv" if single else "part-00000.csv"].decode())))
        assert [row["predicted_y"] for row in rows] == ["' =cmd", "'=cmd"]
    renamed(all_models, registries.examples / "digits", "ats", tmp_path, classes=[f"@{digit}" for digit in range(10)])
    drop(all_models, "uploads/system/4/=1.png", png(0))
    options = Options(safe=True)
    job = operations.start(all_models, Request(owner=SYSTEM, model="ats", key="uploads/system/4/", options=options))
    _, _, files = finished(all_models, job)
    (row,) = csv.DictReader(io.StringIO(files["part-00000.csv"].decode()))
    assert row["predicted_digit"].startswith("'@")
