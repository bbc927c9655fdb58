"""A compiled Keras model with a column of every type, over every way to predict."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pyarrow
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from lightship.cli import lightship
from lightship.compiler import CompileOptions, compile_model
from lightship.local.mirror import mirror
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from tests.cli.conftest import EmulatedStack
from tests.emulator import ROOT
from tests.model_files import written_once
from tests.serve import Answers

ROWS: list[dict[str, Any]] = [
    {"age": 40, "income": 1200.5, "city": "Rome", "plan": "2", "smoker": True, "joined": "2024-02-29"},
    {"age": 25.5, "income": None, "city": "Oslo", "plan": "1", "smoker": None, "joined": "1999-12-31"},
    {"age": 61, "income": 90000.0, "city": "Paris", "plan": "1", "smoker": False, "joined": "2031-07-04"},
]
NUMBERS = [
    [40, 1200.5, 1, 0, 1, 1, 2024, 2, 3, 0],
    [25.5, 51000.5, 2, 1, 0, 0, 1999, 12, 4, 0],
    [61, 90000.0, 0, 1, 0, 0, 2031, 7, 4, 0],
]
# Wrong cells, and what their errors name.
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"city": "Romme"}, ["'city'", "'Romme'", "Oslo"]),
    ({"joined": "2023-02-29"}, ["'joined'", "'2023-02-29'"]),
    ({"age": "forty"}, ["'age'", "'forty'"]),
    ({"smoker": 2}, ["'smoker'", "2"]),
    ({"age": None}, ["'age'"]),
]


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Return a registry with the compiled model."""
    source = written_once("tests.inputs.tabular.customer_model", "customers.keras", tmp_path_factory)
    made = Registry(str(tmp_path_factory.mktemp("registry")))
    config = ROOT / "tests" / "inputs" / "tabular" / "customers.yaml"
    compile_model(source, registry=made, options=CompileOptions(config=config))
    return made


@pytest.fixture(scope="session")
def answers(registry: Registry) -> Answers:
    return Answers(registry)


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """Return a CSV file with its columns in another order, and a further one."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*reversed(rows[0]), "id"])
    writer.writerows([*reversed(row.values()), "p7"] for row in rows)
    return text.getvalue().encode()


def as_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps({**row, "id": "p7"}) + b"\n" for row in rows)


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    """Return a Parquet file with dates, an integer category and nulls."""
    typed = [{**row, "plan": int(row["plan"]), "joined": date.fromisoformat(row["joined"])} for row in rows]
    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(typed), file)
    return file.getvalue()


def post(answers: Answers, path: str, body: Any, media_type: str = "application/json") -> tuple[int, Any]:
    """Return the status and the JSON of an answer."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    response = answers.answer(Request("POST", path, headers={"content-type": media_type}, body=data, caller="me"))
    return response.status, orjson.loads(response.body)


@pytest.fixture(scope="session")
def expected(answers: Answers) -> list[float]:
    """Return the predictions of the rows as numbers."""
    status, found = post(answers, NATIVE, {"input": NUMBERS})
    assert status == 200
    values = [round(row[0], 5) for row in found["predictions"]]
    assert len(set(values)) == 3
    return values


def columns_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def split_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"columns": list(rows[0]), "data": [list(row.values()) for row in rows]}


def without_missing(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: cell for name, cell in row.items() if cell is not None} for row in rows]


NATIVE, TENSORFLOW_SERVING = "/models/customers/predict", "/v1/models/customers:predict"
MLFLOW = "/endpoints/customers/invocations"

# Path, body and field of the answer by form of rows.
FORMS: dict[str, tuple[str, Any, str]] = {
    "native objects": (NATIVE, lambda rows: {"input": rows}, "predictions"),
    "native columns": (NATIVE, lambda rows: {"input": columns_of(rows)}, "predictions"),
    "native input": (NATIVE, lambda rows: {"input": {"x": rows}}, "predictions"),
    "absent keys": (NATIVE, lambda rows: {"input": without_missing(rows)}, "predictions"),
    "predict rows": (TENSORFLOW_SERVING, lambda rows: {"instances": rows}, "predictions"),
    "predict columns": (TENSORFLOW_SERVING, lambda rows: {"inputs": columns_of(rows)}, "outputs"),
    "predict named": (TENSORFLOW_SERVING, lambda rows: {"instances": [{"x": row} for row in rows]}, "predictions"),
    "dataframe_split": (MLFLOW, lambda rows: {"dataframe_split": split_of(rows)}, "predictions"),
    "dataframe_records": (MLFLOW, lambda rows: {"dataframe_records": rows}, "predictions"),
    "records without keys": (MLFLOW, lambda rows: {"dataframe_records": without_missing(rows)}, "predictions"),
}


@pytest.mark.parametrize("form", FORMS)
def test_predict_forms_of_rows_give_equal_results(answers: Answers, expected: list[float], form: str) -> None:
    path, body, field = FORMS[form]
    status, found = post(answers, path, body(ROWS))
    assert status == 200, found
    assert [round(row[0], 5) for row in found[field]] == expected


@pytest.mark.parametrize("path", [NATIVE, MLFLOW])
def test_predict_csv_gives_equal_results(answers: Answers, expected: list[float], path: str) -> None:
    status, found = post(answers, path, as_csv(ROWS), "text/csv")
    assert status == 200, found
    assert [round(row[0], 5) for row in found["predictions"]] == expected


def test_classify_examples_give_equal_results(answers: Answers, expected: list[float]) -> None:
    status, found = post(answers, "/v1/models/customers:classify", {"examples": without_missing(ROWS)})
    assert status == 200, found
    assert [round(dict(row)["leaves"], 5) for row in found["results"]] == expected


@pytest.mark.parametrize("form", [form for form in FORMS if "keys" not in form])
@pytest.mark.parametrize(("cells", "named"), WRONG, ids=str)
def test_predict_wrong_cell_is_named_with_row(
    answers: Answers, form: str, cells: dict[str, Any], named: list[str]
) -> None:
    path, body, _ = FORMS[form]
    status, found = post(answers, path, body([ROWS[0], {**ROWS[1], **cells}]))
    assert status == 400
    assert all(name in json.dumps(found) for name in ["row 2", *named]), found


def test_predict_missing_and_extra_columns_are_named(answers: Answers) -> None:
    short = {name: cell for name, cell in ROWS[0].items() if name != "city"}
    for form in ("native objects", "predict rows", "dataframe_records"):
        path, body, _ = FORMS[form]
        status, found = post(answers, path, body([short]))
        assert status == 400
        assert "'city'" in json.dumps(found)
    status, found = post(answers, NATIVE, {"input": {**ROWS[0], "shoe": 1}})
    assert status == 400
    assert "'shoe'" in found["error"]["message"]


def workbook() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


def test_predict_workbook_is_refused_with_conversion(answers: Answers) -> None:
    for media_type, status in (("text/csv", 400), ("application/vnd.ms-excel", 415)):
        found = post(answers, NATIVE, workbook(), media_type)
        assert found[0] == status
        assert "read_excel" in found[1]["error"]["message"]


def test_predict_semicolons_are_refused_with_conversion(answers: Answers) -> None:
    body = as_csv(ROWS).replace(b",", b";")
    status, found = post(answers, NATIVE, body, "text/csv")
    assert status == 400
    assert "sep=';'" in found["error"]["message"]


def cli(registry: Registry, *words: str) -> Any:
    return CliRunner(mix_stderr=False).invoke(lightship, [*words, "--registry", registry.location])


def test_predict_command_gives_equal_results(registry: Registry, expected: list[float], tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(as_csv(ROWS))
    for source in (str(file), json.dumps(ROWS)):
        done = cli(registry, "predict", "customers", source, "--json")
        assert [round(row[0], 5) for row in json.loads(done.stdout)["predictions"]] == expected


@pytest.mark.parametrize(("cells", "named"), WRONG, ids=str)
def test_predict_command_wrong_cell_is_named(
    registry: Registry, tmp_path: Path, cells: dict[str, Any], named: list[str]
) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(as_csv([ROWS[0], {**ROWS[1], **cells}]))
    done = cli(registry, "predict", "customers", str(file))
    assert done.exit_code == 2
    assert all(name in done.stderr for name in ["row 2", *named])


@pytest.mark.parametrize(("name", "named"), [("rows.xlsx", "read_excel"), ("rows.csv", "sep=';'")])
def test_predict_command_other_table_is_refused_with_conversion(
    registry: Registry, tmp_path: Path, name: str, named: str
) -> None:
    (tmp_path / name).write_bytes(as_csv(ROWS).replace(b",", b";") if name == "rows.csv" else workbook())
    done = cli(registry, "predict", "customers", str(tmp_path / name))
    assert done.exit_code == 2
    assert named in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("name", "data", "named"),
    [
        ("rows.xlsx", workbook(), "read_excel"),
        ("rows.csv", workbook(), "read_excel"),
        ("rows.csv", as_csv(ROWS).replace(b",", b";"), "sep=';'"),
        ("rows.csv", as_csv([{"age": 1, "shoe": 2}]), "'city'"),
    ],
    ids=["workbook", "workbook as CSV", "semicolons", "missing column"],
)
def test_batch_other_table_is_refused_with_reason(
    batches: EmulatedStack, tmp_path: Path, name: str, data: bytes, named: str
) -> None:
    (tmp_path / name).write_bytes(data)
    done = batches.run("batch", "customers", str(tmp_path / name))
    assert done.exit_code == 2
    assert named in " ".join(done.stderr.split())


def test_show_command_lists_types(registry: Registry) -> None:
    shown = cli(registry, "show", "customers").stdout
    for text in ("category (Paris, Rome, Oslo)", "one-hot category", "boolean", "date (year, month"):
        assert text in shown


@pytest.fixture
def batches(running_stack: EmulatedStack, registry: Registry) -> EmulatedStack:
    """Return a stack that holds the model."""
    mirror(registry, running_stack.s3, f"s3://{running_stack.bucket}/models")
    return running_stack


@pytest.mark.parametrize(
    ("name", "data"), [("rows.csv", as_csv), ("rows.jsonl", as_lines), ("rows.parquet", as_parquet)]
)
def test_batch_gives_equal_results_and_keeps_cells(
    batches: EmulatedStack, expected: list[float], tmp_path: Path, name: str, data: Any
) -> None:
    file, output = tmp_path / name, tmp_path / "scored"
    file.write_bytes(data(ROWS))
    done = batches.run("batch", "customers", str(file), "--output", str(output), "--format", "parquet")
    assert done.exit_code == 0, done.output
    table = pyarrow.concat_tables(parquet.read_table(part) for part in sorted(output.glob("*.parquet")))
    assert [round(value, 5) for value in table["probability_leaves"].to_pylist()] == expected
    assert table["city"].to_pylist() == [row["city"] for row in ROWS]
    assert table["smoker"].to_pylist() == [row["smoker"] for row in ROWS]
    assert table["income"].to_pylist() == [row["income"] for row in ROWS]


@pytest.mark.parametrize(
    ("name", "data"), [("rows.csv", as_csv), ("rows.jsonl", as_lines), ("rows.parquet", as_parquet)]
)
def test_batch_rejects_wrong_cells_with_row_and_column(
    batches: EmulatedStack, expected: list[float], tmp_path: Path, name: str, data: Any
) -> None:
    file, rejected = tmp_path / name, tmp_path / "rejected.jsonl"
    wrong = [{**ROWS[1], "city": "Romme"}, {**ROWS[1], "age": None}]
    file.write_bytes(data([ROWS[0], *wrong, ROWS[2]]))
    done = batches.run("batch", "customers", str(file), "--rejected", str(rejected), "--threshold", "10")
    assert done.exit_code == 0, done.output
    found = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert [record["row"] for record in found] == [2, 3]
    assert "'city'" in found[0]["reason"]
    assert "'Romme'" in found[0]["reason"]
    assert "'age'" in found[1]["reason"]
