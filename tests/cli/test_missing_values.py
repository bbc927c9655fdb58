"""Models that take NaN, compiled: gaps of every form equal the libraries' NaN."""

from __future__ import annotations

import csv
import io
import json
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
from tests.model_files import written_once
from tests.serve import Answers

Row = dict[str, Any]

AGES: list[Row] = [
    {"age": 30.5, "income": 41.0, "height": 50.25},
    {"age": 30.5, "income": None, "height": 50.25},
    {"age": None, "income": None, "height": None},
]
# Rows by model, with the names of the model's columns or inputs.
ROWS: dict[str, list[Row]] = {
    "imputed": AGES,
    "boosted": AGES,
    "histogram": [{f"features_{index}": cell for index, cell in enumerate(row.values())} for row in AGES],
    "mixed": [
        {"x0": "Bern", "x1": 30.5, "x2": 41.0},
        {"x0": "Chur", "x1": None, "x2": 41.0},
        {"x0": "Genf", "x1": None, "x2": 20.0},
    ],
}
FILES = {"imputed": "skops", "boosted": "ubj", "histogram": "skops", "mixed": "skops", "whole": "skops"}
NAMED = ("imputed", "boosted")


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_once("tests.cli.gapped_models", "gapped_models", tmp_path_factory)


@pytest.fixture(scope="session")
def registry(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Return a registry with the compiled models."""
    made = Registry(str(tmp_path_factory.mktemp("registry")))
    for name, suffix in FILES.items():
        compile_model(files / f"{name}.{suffix}", registry=made, options=CompileOptions(name=name))
    return made


@pytest.fixture(scope="session")
def answers(registry: Registry) -> Answers:
    return Answers(registry)


@pytest.fixture(scope="session")
def expected(files: Path) -> dict[str, Any]:
    """Return the libraries' predictions by model."""
    return {
        name: pytest.approx(values, rel=1e-5)
        for name, values in json.loads((files / "expected.json").read_text()).items()
    }


def post(answers: Answers, path: str, body: Any, media_type: str = "application/json") -> tuple[int, Any]:
    """Return the status and the JSON of an answer."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    response = answers.answer(Request("POST", path, headers={"content-type": media_type}, body=data, caller="me"))
    return response.status, orjson.loads(response.body)


def predicted(answers: Answers, path: str, body: Any, media_type: str = "application/json") -> Any:
    status, found = post(answers, path, body, media_type)
    assert status == 200, found
    return found["predictions"]


def native(name: str) -> str:
    return f"/models/{name}/predict"


def lists(rows: list[Row]) -> list[list[Any]]:
    return [list(row.values()) for row in rows]


def columns(rows: list[Row]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def without_gaps(rows: list[Row]) -> list[Row]:
    """Return the rows without the keys of gaps; the last row has one key only."""
    return [{name: cell for name, cell in row.items() if cell is not None} or dict([*row.items()][:1]) for row in rows]


def as_csv(rows: list[Row], *, gap: str = "") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([list(rows[0]), *([gap if cell is None else cell for cell in row.values()] for row in rows)])
    return text.getvalue().encode()


def as_lines(rows: list[Row]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def as_short_lines(rows: list[Row]) -> bytes:
    return as_lines(without_gaps(rows))


def as_parquet(rows: list[Row]) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    return file.getvalue()


@pytest.mark.parametrize("name", NAMED)
def test_predict_forms_of_gaps_equal_nan(answers: Answers, expected: dict[str, Any], name: str) -> None:
    rows, path = ROWS[name], native(name)
    for value in (rows, without_gaps(rows), columns(rows), lists(rows), {"features": rows}):
        assert predicted(answers, path, {"input": value}) == expected[name], value
    gap = {"age": 30.5, "height": 50.25}
    assert predicted(answers, path, {"input": gap}) == pytest.approx(expected[name].expected[1:2])


@pytest.mark.parametrize("name", ["imputed", "boosted", "histogram"])
def test_protocols_take_null(answers: Answers, expected: dict[str, Any], name: str) -> None:
    rows = lists(ROWS[name])
    assert predicted(answers, native(name), {"input": rows}) == expected[name]
    assert predicted(answers, f"/v1/models/{name}:predict", {"instances": rows}) == expected[name]
    assert predicted(answers, f"/endpoints/{name}/invocations", {"instances": rows}) == expected[name]
    frame = {"columns": list(ROWS[name][0]), "data": rows}
    assert predicted(answers, f"/endpoints/{name}/invocations", {"dataframe_split": frame}) == expected[name]


def test_inputs_by_column_take_null(answers: Answers, expected: dict[str, Any]) -> None:
    rows = ROWS["mixed"]
    assert predicted(answers, native("mixed"), {"input": columns(rows)}) == expected["mixed"]
    assert predicted(answers, "/v1/models/mixed:predict", {"instances": rows}) == expected["mixed"]
    assert (
        predicted(answers, "/endpoints/mixed/invocations", {"dataframe_records": without_gaps(rows)})
        == (expected["mixed"])
    )


@pytest.mark.parametrize("gap", ["", "nan"])
@pytest.mark.parametrize("name", ROWS)
def test_predict_csv_with_gaps_equals_nan(answers: Answers, expected: dict[str, Any], name: str, gap: str) -> None:
    assert predicted(answers, native(name), as_csv(ROWS[name], gap=gap), "text/csv") == expected[name]


def test_predict_csv_without_column_equals_nan(answers: Answers, expected: dict[str, Any]) -> None:
    body = b"height,age\n50.25,30.5\n"
    assert predicted(answers, native("imputed"), body, "text/csv") == pytest.approx(expected["imputed"].expected[1:2])


def test_predict_gap_in_other_column_is_refused(answers: Answers) -> None:
    whole = [[1.0, None, 2.0]]
    for path, field in ((native("whole"), "input"), ("/v1/models/whole:predict", "instances")):
        assert post(answers, path, {field: whole})[0] == 400
    assert post(answers, native("whole"), b"1,nan,2\n", "text/csv")[0] == 400
    status, found = post(answers, native("mixed"), b"x0,x1,x2\nBern,,\n", "text/csv")
    assert (status, "'x2'" in found["error"]["message"]) == (400, True)
    status, found = post(answers, native("mixed"), {"input": {"x0": [None], "x1": [1.0], "x2": [1.0]}})
    assert (status, "'x0'" in found["error"]["message"]) == (400, True)


@pytest.mark.parametrize("name", NAMED)
def test_infinity_and_unknown_column_are_refused(answers: Answers, name: str) -> None:
    status, found = post(answers, native(name), b"age,income,height\n1,2,3\n,inf,2\n", "text/csv")
    assert status == 400
    assert "row 2, column 'income'" in found["error"]["message"]
    status, found = post(answers, native(name), {"input": [{"age": 1, "shoe": 2}]})
    assert status == 400
    assert "'shoe'" in found["error"]["message"]


@pytest.mark.parametrize("name", ROWS)
def test_predict_command_takes_gaps(registry: Registry, expected: dict[str, Any], tmp_path: Path, name: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(as_csv(ROWS[name]))
    words = ["predict", name, str(file), "--json", "--registry", registry.location]
    done = CliRunner(mix_stderr=False).invoke(lightship, words)
    assert json.loads(done.stdout)["predictions"] == expected[name]


def test_show_command_lists_missing_columns(registry: Registry) -> None:
    for name in ("imputed", "histogram"):
        words = ["show", name, "--registry", registry.location]
        assert "nan" in CliRunner(mix_stderr=False).invoke(lightship, words).stdout


@pytest.fixture
def batches(running_stack: EmulatedStack, registry: Registry) -> EmulatedStack:
    """Return a stack that holds the models."""
    mirror(registry, running_stack.s3, f"s3://{running_stack.bucket}/models")
    return running_stack


@pytest.mark.parametrize(
    ("name", "data"),
    [("rows.csv", as_csv), ("rows.jsonl", as_lines), ("short.jsonl", as_short_lines), ("rows.parquet", as_parquet)],
)
def test_batch_with_gaps_equals_nan(
    batches: EmulatedStack, expected: dict[str, Any], tmp_path: Path, name: str, data: Any
) -> None:
    for model in ("imputed", "boosted", "mixed") if "short" in name else ROWS:
        file, output = tmp_path / f"{model}-{name}", tmp_path / f"{model}-scored"
        file.write_bytes(data(ROWS[model]))
        done = batches.run("batch", model, str(file), "--output", str(output), "--format", "parquet")
        assert done.exit_code == 0, done.output
        table = pyarrow.concat_tables(parquet.read_table(part) for part in sorted(output.glob("*.parquet")))
        assert table.column(table.num_columns - 1).to_pylist() == expected[model], model
        assert table.column(1).to_pylist() == [row[table.column_names[1]] for row in ROWS[model]]


def test_batch_gap_in_other_column_is_rejected(batches: EmulatedStack, tmp_path: Path) -> None:
    for name, data in (("rows.csv", as_csv), ("rows.jsonl", as_lines), ("rows.parquet", as_parquet)):
        file, rejected = tmp_path / name, tmp_path / f"{name}.rejected"
        file.write_bytes(data([*ROWS["mixed"], {"x0": "Bern", "x1": 1.0, "x2": None}]))
        done = batches.run("batch", "mixed", str(file), "--rejected", str(rejected), "--threshold", "10")
        assert done.exit_code == 0, done.output
        (found,) = [json.loads(line) for line in rejected.read_text().splitlines()]
        assert found["row"] == 4
        assert "'x2'" in found["reason"]
