"""Formats of inputs and outputs, and rejected rows of each."""

from __future__ import annotations

import csv
import gzip
import io
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.requests import SYSTEM, Options, Request
from lightship.jobs.split import listing, plan
from tests.jobs.clouds import drop
from tests.jobs.scoring import CELLS, COLUMNS, PREDICTED, as_csv, finished, name_of, png, probabilities, scored


def as_table(rows: list[list[Any]]) -> bytes:
    file = io.BytesIO()
    columns = dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    parquet.write_table(pyarrow.table(columns), file, row_group_size=2)
    return file.getvalue()


def as_lines(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_json_lines_keep_fields_and_get_predictions(all_models: Cloud, expected: list[float]) -> None:
    named = [dict(zip(COLUMNS, row, strict=True)) for row in CELLS]
    identified = [{**row, "id": f"p{number}"} for number, row in enumerate(named)]
    whole = [{"features": row} for row in CELLS]
    mixed = [{"features": named[0]}, named[1], CELLS[2]]
    for number, rows in enumerate((identified, whole, mixed)):
        _, receipt, files = scored(all_models, "quickstart", f"{number}.jsonl", as_lines(rows))
        found = [json.loads(line) for line in files["part-00000.jsonl"].splitlines()]
        assert [round(row["probability_malignant"], 5) for row in found] == expected
        assert [set(row) - set(PREDICTED) for row in found[:2]] == [set(row) for row in rows[:2]]
        assert receipt["rows"] == {"read": 3, "scored": 3, "rejected": 0}
        assert receipt["columns"] == PREDICTED
    assert found[2]["input"] == CELLS[2]


def test_json_lines_fields_named_like_predictions_are_renamed(all_models: Cloud, expected: list[float]) -> None:
    own = {"predicted_malignancy": "x", "note": "%s", "predicted_malignancy_input": 7}
    rows = [{"features": CELLS[0], **own}, {"features": CELLS[1], "predicted_malignancy": "y"}, CELLS[2]]
    for form in (None, "parquet"):
        _, receipt, files = scored(all_models, "quickstart", "again.jsonl", as_lines(rows), output=form)
        if form:
            found = parquet.read_table(io.BytesIO(files["part-00000.parquet"])).to_pylist()
        else:
            found = [json.loads(line) for line in files["part-00000.jsonl"].splitlines()]
        assert [round(row["probability_malignant"], 5) for row in found] == expected
        assert receipt["columns"] == PREDICTED
        first = ["features", "predicted_malignancy_input_2", "note", "predicted_malignancy_input"]
        assert list(found[0])[:4] == first
        assert [found[0][name] for name in first[1:]] == ["x", "%s", "7" if form else 7]
        assert found[1]["predicted_malignancy_input"] == "y"


def test_json_lines_part_scored_again_keeps_all_fields(all_models: Cloud, expected: list[float]) -> None:
    data = as_lines([{"features": row} for row in CELLS])
    for time in range(3):
        _, _, files = scored(all_models, "quickstart", f"{time}.jsonl", data)
        data = files["part-00000.jsonl"]
    found = [json.loads(line) for line in data.splitlines()]
    kept = ["probability_malignant", "probability_malignant_input", "probability_malignant_input_2"]
    assert [[round(row[name], 5) for row in found] for name in kept] == [expected] * 3


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_each_format_converts_to_parquet(all_models: Cloud, expected: list[float], name: str) -> None:
    rows = {"a.csv": as_csv([COLUMNS, *CELLS]), "a.parquet": as_table(CELLS)}
    data = rows.get(name) or as_lines([dict(zip(COLUMNS, row, strict=True)) for row in CELLS])
    _, receipt, files = scored(all_models, "quickstart", name, data, output="parquet", chunk=1)
    tables = [parquet.read_table(io.BytesIO(files[f"part-{part:05}.parquet"])) for part in range(len(receipt["parts"]))]
    table = pyarrow.concat_tables(tables)
    assert table.column_names == [*COLUMNS, *PREDICTED]
    assert [list(row.values())[:3] for row in table.to_pylist()] == CELLS
    assert [round(value, 5) for value in table["probability_malignant"].to_pylist()] == expected
    assert len(tables) > 1


def whole(files: dict[str, bytes], receipt: dict) -> pyarrow.Table:
    """Concatenate the parts; their schemas must be equal, as for a dataset."""
    tables = [parquet.read_table(io.BytesIO(files[name_of(part)])) for part in receipt["parts"]]
    assert len(tables) > 1
    assert [table.schema for table in tables] == [tables[0].schema] * len(tables)
    return pyarrow.concat_tables(tables)


GOOD = dict(zip(COLUMNS, [10, 20.5, 0], strict=True))


@pytest.mark.parametrize(
    "rows",
    [
        [{**GOOD, "id": 1}, {**GOOD, "id": 1.5}, {**GOOD, "id": None}, {**GOOD, "id": "a"}, {**GOOD, "id": [1]}],
        [CELLS[0], [1, 2, 3], GOOD],
        [{"features": [1, 2, 3]}, {"features": GOOD}, {"features": [1.5, 2, 2**60]}, {"x": "bad", "features": 0}],
    ],
)
def test_parquet_parts_of_json_lines_have_one_schema(all_models: Cloud, rows: list[Any]) -> None:
    _, receipt, files = scored(all_models, "quickstart", "a.jsonl", as_lines(rows), output="parquet", chunk=1)
    parts = [part for part in receipt["parts"] if parquet.read_table(io.BytesIO(files[name_of(part)])).num_rows]
    table = whole(files, receipt | {"parts": parts})
    if "id" in table.column_names:
        assert table["id"].to_pylist() == ["1", "1.5", None, "a", "[1]"]
    if "features" in table.column_names:
        assert table["features"].to_pylist() == [[1, 2, 3], [10, 20.5, 0], [1.5, 2, 2**60]]
    else:
        assert [str(table.schema.field(name).type) for name in COLUMNS] == ["double"] * 3
    assert [str(table.schema.field(name).type) for name in PREDICTED] == ["string", "float", "float"]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_parquet_part_without_rows_has_same_schema(all_models: Cloud, name: str) -> None:
    rows: list[list[Any]] = [[None, 1.5, 2.5], [None, 1.5, 2.5], [10.5, 20.0, 0.1], [7.5, 9.0, 0.2]]
    named = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    data = {"a.csv": as_csv([COLUMNS, *rows]), "a.jsonl": as_lines(named), "a.parquet": as_table(rows)}[name]
    _, receipt, files = scored(all_models, "quickstart", name, data, output="parquet", chunk=1)
    assert receipt["rows"] == {"read": 4, "scored": 2, "rejected": 2}
    table = whole(files, receipt)
    assert [list(row.values())[:3] for row in table.to_pylist()] == rows[2:]
    assert [str(kind) for kind in table.schema.types] == [*["double"] * 3, "string", "float", "float"]


@pytest.mark.parametrize(
    ("model", "data", "types"),
    [
        ("scorer", "x_0,x_1\n,\n1,4\n", "double double string float float"),
        ("pair", "id,b,a_0,a_1\n,,,\ne,1,2,3\n", "string double double double float float float float"),
        ("counts", "n_0,n_1,n_2\n,,\n1,2,3\n", "int64 int64 int64 int32 int32 int32"),
        ("flags", "f_0,f_1\n,\ntrue,0\n", "bool bool bool bool"),
        ("wide", "x\nbad\n1\n", "double list<element: float>"),
        ("table", "place\nbad\n1\n", "int64 float"),
        ("half_plus_two", "anonymous\nbad\n1\n", "double float"),
    ],
)
def test_parquet_columns_of_model_have_types_of_signature(all_models: Cloud, model: str, data: str, types: str) -> None:
    _, receipt, files = scored(all_models, model, "a.csv", data.encode(), output="parquet", chunk=1)
    assert receipt["rows"] == {"read": 2, "scored": 1, "rejected": 1}
    assert " ".join(str(kind) for kind in whole(files, receipt).schema.types) == types


def test_parquet_predictions_for_images_have_types(all_models: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_IMAGES", 64)
    for number in range(65):
        drop(all_models, f"uploads/system/5/{number:03}.png", png(number) if number == 64 else b"broken")
    options = Options(output="parquet")
    job = operations.start(all_models, Request(owner=SYSTEM, model="digits", key="uploads/system/5/", options=options))
    _, receipt, files = finished(all_models, job)
    table = whole(files, receipt)
    assert [str(kind) for kind in table.schema.types] == ["string", "string", *["float"] * 10]
    assert table["key"].to_pylist() == ["uploads/system/5/064.png"]


@pytest.mark.parametrize("missing", [False, True])
def test_parquet_decimals_are_scored_and_kept(all_models: Cloud, missing: bool, expected: list[float]) -> None:
    rows = [*CELLS, [None, 1, 2]] if missing else CELLS
    decimals = [
        pyarrow.array([None if cell is None else Decimal(str(cell)) for cell in column], pyarrow.decimal128(12, 3))
        for column in zip(*rows, strict=True)
    ]
    targets = pyarrow.array([Decimal(index % 2) for index in range(len(rows))], pyarrow.decimal128(5, 1))
    table = pyarrow.table(dict(zip([*COLUMNS, "truth"], [*decimals, targets], strict=True)))
    file = io.BytesIO()
    parquet.write_table(table, file)
    _, receipt, files = scored(all_models, "quickstart", "a.parquet", file.getvalue(), target="truth")
    found = parquet.read_table(io.BytesIO(files["part-00000.parquet"]))
    assert receipt["rows"]["rejected"] == missing
    assert [round(value, 5) for value in found["probability_malignant"].to_pylist()] == expected
    assert found.select([*COLUMNS, "truth"]).equals(table.slice(0, 3))
    assert np.sum(receipt["metrics"]["confusion"], axis=1).tolist() == [2, 1]


def test_invalid_rows_of_each_format_have_number_and_reason(all_models: Cloud, expected: list[float]) -> None:
    bad_csv = as_csv([COLUMNS, CELLS[0], ["x", 1, 2], CELLS[1], [1, 2], CELLS[2], ["nan", 1, 1]])
    bad_lines = as_lines([{"features": CELLS[0]}, {"features": ["x", 1, 2]}, {"features": CELLS[1]}, {"f": 1}])
    bad_lines += as_lines([{"features": CELLS[2]}]) + b"{broken\n"
    table = as_table([CELLS[0], [None, 1.0, 2.0], CELLS[1], [float("inf"), 1.0, 1.0], CELLS[2], [None, None, None]])
    for name, data in {"b.csv": bad_csv, "b.jsonl": bad_lines, "b.parquet": table}.items():
        _, receipt, files = scored(all_models, "quickstart", name, data)
        (part,) = receipt["errors"]
        errors = [
            json.loads(line) for line in files[part["key"].partition("/errors/")[2].join(["errors/", ""])].splitlines()
        ]
        assert [error["row"] for error in errors] == [2, 4, 6], name
        assert all(error["reason"] and isinstance(error["text"], str) for error in errors)
        assert receipt["rows"] == {"read": 6, "scored": 3, "rejected": 3}
        assert "column 'mean radius'" in errors[0]["reason"], name


@pytest.mark.parametrize(
    "column",
    [
        pyarrow.array([1_700_000_000_000_000_001] * 6, pyarrow.timestamp("ns")),
        pyarrow.array([400_000_000_000_000_000] * 6, pyarrow.timestamp("us")),
        pyarrow.array([b"\xff"] * 6).view(pyarrow.string()),
        pyarrow.array([[1.0]] * 6),
    ],
    ids=["nanoseconds", "year 14645", "no UTF-8", "named like the input"],
)
def test_parquet_unused_column_rejects_no_row(all_models: Cloud, column: pyarrow.Array, expected: list[float]) -> None:
    numbers = list(map(list, zip(*CELLS, [None, 1.0, 1.0], *CELLS[1:], strict=True)))
    file = io.BytesIO()
    table = pyarrow.table(dict(zip([*COLUMNS, "features"], [*numbers, column], strict=True)))
    parquet.write_table(table, file, row_group_size=10)
    _, receipt, files = scored(all_models, "quickstart", "a.parquet", file.getvalue())
    assert receipt["rows"] == {"read": 6, "scored": 5, "rejected": 1}
    found = parquet.read_table(io.BytesIO(files["part-00000.parquet"]))
    assert [round(value, 5) for value in found["probability_malignant"].to_pylist()] == [*expected, *expected[1:]]
    assert found["features"].equals(pyarrow.chunked_array([table["features"].chunk(0).take([0, 1, 2, 4, 5])]))
    (error,) = map(json.loads, files["errors/part-00000.jsonl"].splitlines())
    assert error["row"] == 4
    assert error["text"].startswith("{'mean radius': None, 'mean texture': 1.0, 'mean concavity': 1.0, 'features': ")


def test_json_lines_blank_line_is_rejected(all_models: Cloud, expected: list[float]) -> None:
    good = as_lines(CELLS[:2])
    data = b"  \n" + good + b" \t\n" + as_lines(CELLS[2:]) + b"   "
    for number, chunk in enumerate((0, 1)):
        _, receipt, files = scored(all_models, "quickstart", f"{number}.jsonl", data, chunk=chunk)
        found = [json.loads(line) for part in receipt["parts"] for line in files[name_of(part)].splitlines()]
        errors = [json.loads(line) for part in receipt["errors"] for line in files[name_of(part)].splitlines()]
        assert [round(row["probability_malignant"], 5) for row in found] == expected
        assert [row["input"] for row in found] == CELLS
        assert [(error["row"], error["text"]) for error in errors] == [(1, ""), (4, ""), (6, "")]


def test_suffix_in_capitals_is_recognized(all_models: Cloud, expected: list[float]) -> None:
    _, _, files = scored(all_models, "quickstart", "A.Csv.GZ", gzip.compress(as_csv([COLUMNS, *CELLS])))
    assert probabilities(files["part-00000.csv"]) == expected


@pytest.mark.parametrize(
    ("name", "data", "named"),
    [
        ("empty.csv", b"", "empty.csv"),
        ("cut.csv.gz", b"\x1f\x8b\x08\x00\x00", "gzip"),
        ("not.csv.gz", b"plain text", "gzip"),
        ("not.parquet", b"plain text", "Parquet"),
        ("twice.csv", b"a,mean radius,mean radius\n1,2,3\n", "'mean radius' twice"),
    ],
)
def test_malformed_file_fails_job_with_reason(all_models: Cloud, name: str, data: bytes, named: str) -> None:
    job, receipt, _ = scored(all_models, "quickstart", name, data)
    assert (job.state, receipt) == ("failed", {})
    assert named in job.reason


def test_gzip_file_above_largest_size_fails_job(all_models: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    data = as_csv([COLUMNS, *CELLS])
    monkeypatch.setattr(plan, "LARGEST_GZIP", len(data))
    job, _, _ = scored(all_models, "quickstart", "expected.csv.gz", gzip.compress(data))
    assert job.state == "done"
    job, receipt, _ = scored(all_models, "quickstart", "large.csv.gz", gzip.compress(data + b"1,2,3\n"))
    assert (job.state, receipt) == ("failed", {})
    assert "large.csv.gz" in job.reason
    assert f"{len(data)} bytes" in job.reason


def test_predictions_of_logits_several_outputs_and_lists_are_columns(all_models: Cloud) -> None:
    _, receipt, files = scored(all_models, "scorer", "f.csv", b"1,4\n2,0.5\n")
    rows = list(csv.DictReader(io.StringIO(files["part-00000.csv"].decode())))
    assert [row["predicted_y"] for row in rows] == ["high", "low"]
    assert float(rows[0]["probability_high"]) == pytest.approx(1 / (1 + np.exp(-3)))
    assert receipt["columns"][:2] == ["x_0", "x_1"]
    _, receipt, _ = scored(all_models, "pair", "g.csv", b"a_0,a_1,b\n1,2,3\n")
    assert receipt["columns"][3:] == [
        "predicted_sum_0",
        "predicted_sum_1",
        "predicted_product_0",
        "predicted_product_1",
    ]
    _, _, files = scored(all_models, "wide", "h.csv", b"1\n2\n")
    rows = [row.split(b",", 1)[1] for row in files["part-00000.csv"].splitlines()[1:]]
    assert [json.loads(row.strip(b'"'))[99_999] for row in rows] == [1, 2]


def test_row_failing_in_model_is_rejected(all_models: Cloud) -> None:
    _, receipt, files = scored(all_models, "table", "i.csv", b"0\n1\n-999999999\n1\n")
    rows = list(csv.DictReader(io.StringIO(files["part-00000.csv"].decode())))
    assert [float(row["predicted_found"]) for row in rows] == [10, 20, 20]
    assert receipt["rows"]["rejected"] == 1
