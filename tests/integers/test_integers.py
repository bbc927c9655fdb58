"""The extremes of every integer dtype on every way into a model and out of it, compared exactly."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from lightship.jobs.score import score
from tests.bundles import Registries
from tests.integers.models import INTEGERS
from tests.integers.ways import (
    COMMANDS,
    JOBS,
    MESSAGES,
    NAMES,
    PROTOCOLS,
    Room,
    Rows,
    Way,
    as_csv,
    as_lines,
    as_parquet,
    from_parquet,
    named,
)
from tests.jobs.clouds import SETTINGS, moto_cloud
from tests.jobs.scoring import scored
from tests.model_files import write

by_dtype = pytest.mark.parametrize("dtype", INTEGERS)


def table(ways: dict[str, Way]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("way", list(ways.values()), ids=list(ways))


def extremes(dtype: str) -> Rows:
    """The least and the greatest in one row, and what float64 rounds: alone, and beside each of them."""
    limits = np.iinfo(dtype)
    least, most = int(limits.min), int(limits.max)
    odd = 2**53 + 1 if limits.bits == 64 else 1
    return [[least, most, odd], [odd, -odd if least else odd, 0], [most, most - 1, 1]]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("integers")
    write("tests.integers.models", folder)
    return folder


@pytest.fixture
def room(registry: Path, dtype: str, tmp_path: Path) -> Room:
    return Room(registry, f"echo-{dtype}", dtype, tmp_path)


@pytest.fixture
def in_jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (SETTINGS | {"LIGHTSHIP_CACHE": str(tmp_path / "cache")}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    score.load.cache_clear()


def exactly(found: Any, rows: Rows) -> None:
    assert found == rows
    assert {type(cell) for row in found for cell in row} == {int}  # 2.0**64 equals 2**64


@by_dtype
@table(PROTOCOLS)
def test_protocols_take_and_return_every_integer(way: Way, room: Room) -> None:
    exactly(way(extremes(room.dtype), room), extremes(room.dtype))


@by_dtype
@table(COMMANDS)
def test_predict_command_takes_and_returns_every_integer(way: Way, room: Room) -> None:
    exactly(way(extremes(room.dtype), room), extremes(room.dtype))


@by_dtype
@table(MESSAGES)
def test_request_queue_takes_and_returns_every_integer(way: Way, room: Room, bucket: str) -> None:
    exactly(way(extremes(room.dtype), Room(**{**vars(room), "bucket": bucket})), extremes(room.dtype))


@by_dtype
@table(JOBS)
@pytest.mark.usefixtures("in_jobs")
def test_jobs_take_and_return_every_integer(way: Way, room: Room) -> None:
    exactly(way(extremes(room.dtype), room), extremes(room.dtype))


@table(
    {
        "native": lambda rows, room: room.post("/predict", {"input": rows}),
        "v1": lambda rows, room: room.post("/v1/models/hashed:predict", {"instances": rows})["predictions"],
        "mlflow": lambda rows, room: room.post("/invocations", {"inputs": rows})["predictions"],
        "command line": lambda rows, room: room.command(json.dumps(rows)),
    }
)
def test_hashes_of_64_bits_reach_the_model_unrounded(way: Way, registry: Path, tmp_path: Path) -> None:
    room = Room(registry, "hashed", "uint64", tmp_path)
    exactly(way([[18446744073709551615, 9007199254740993]], room), [[615, 993]])


@by_dtype
def test_inputs_of_one_integer_per_row_are_exact(registry: Path, dtype: str, tmp_path: Path) -> None:
    room, cells = Room(registry, f"one-{dtype}", dtype, tmp_path), [cell for row in extremes(dtype) for cell in row]
    assert room.post("/predict", {"input": cells}) == cells
    assert room.post(f"/v1/models/one-{dtype}:predict", {"instances": cells})["predictions"] == cells
    assert room.post("/predict", "\n".join(map(str, ["n", *cells])).encode(), "text/csv") == cells
    assert room.post("/invocations", {"dataframe_records": [{"n": cell} for cell in cells]})["predictions"] == cells


def neighbours(dtype: str) -> list[int]:
    """The integers just outside a dtype's range."""
    limits = np.iinfo(dtype)
    return [int(limits.min) - 1, int(limits.max) + 1]


@by_dtype
@pytest.mark.parametrize("side", [0, 1], ids=["below", "above"])
def test_an_integer_outside_the_range_is_refused_by_name(room: Room, dtype: str, side: int) -> None:
    wrong = neighbours(dtype)[side]
    for path, body, media_type, place in (
        ("/predict", json.dumps({"input": [[1, 2, 3], [1, wrong, 3]]}), "application/json", "'n'"),
        ("/predict", as_csv([[1, 2, 3], [1, wrong, 3]]).decode(), "text/csv", "row 2 of the CSV, column 'n_1'"),
        ("/invocations", json.dumps({"instances": [[1, wrong, 3]]}), "application/json", "'n'"),
    ):
        status, answered = room.answer(path, body.encode(), media_type)
        assert status == 400, answered
        assert place.encode() in answered


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint64"])
@pytest.mark.parametrize("text", ["1.0", "1e3", "9007199254740993.0", "1.5", "18446744073709551616"])
def test_a_float_is_refused_and_never_rounded(room: Room, text: str) -> None:
    for path, body in (
        ("/predict", f'{{"input": [[1, {text}, 3]]}}'),
        (f"/v1/models/{room.model}:predict", f'{{"instances": [[1, {text}, 3]]}}'),
        ("/invocations", f'{{"inputs": [[1, {text}, 3]]}}'),
    ):
        assert room.answer(path, body.encode(), "application/json")[0] == 400
    assert room.answer("/predict", f"n_0,n_1,n_2\n1,{text},3\n".encode(), "text/csv")[0] == 400


def test_integers_beyond_2_to_53_reach_a_float_input_rounded(registries: Registries, tmp_path: Path) -> None:
    room = Room(registries.small, "modes", "float32", tmp_path)
    for body in ([[2**64 - 1, -(2**63)]], [[2**64 - 1, 1]], [[2**53 + 1, 0.5]]):
        expected = np.array(body, np.float64).astype(np.float32) * 2
        assert np.array_equal(np.float32(room.post("/predict", {"input": body})), expected)


def reasons(files: dict[str, bytes]) -> dict[int, str]:
    """Why rows were rejected, by number."""
    lines = [line for key, data in files.items() if key.startswith("errors/") for line in data.splitlines()]
    return {record["row"]: record["reason"] for record in map(json.loads, lines)}


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint32", "uint64"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.usefixtures("in_jobs")
def test_jobs_reject_the_rows_outside_the_range_and_name_the_column(room: Room, dtype: str, form: str) -> None:
    below, above = neighbours(dtype)
    rows = [*extremes(dtype), [1, below, 3], [1, 2, above]]
    data = {"csv": as_csv, "jsonl": lambda rows: as_lines(named(rows)), "parquet": with_decimals}[form](rows)
    with moto_cloud(room.registry, room.model) as cloud:
        _, receipt, files = scored(cloud, room.model, f"a.{form}", data)
    assert receipt["rows"] == {"read": 5, "scored": 3, "rejected": 2}
    assert {row: name for row, reason in reasons(files).items() for name in NAMES if f"column '{name}'" in reason} == {
        4: "n_1",
        5: "n_2",
    }


def with_decimals(rows: Rows) -> bytes:
    """Rows whose columns no integer dtype holds together."""
    return as_parquet(rows, pyarrow.decimal128(30, 0))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.usefixtures("in_jobs")
def test_a_column_of_integers_with_a_gap_keeps_its_other_cells(room: Room, dtype: str) -> None:
    odd, most = 2**53 + 1, int(np.iinfo(dtype).max)
    file = io.BytesIO()
    columns = {name: pyarrow.array([odd, None, most], pyarrow.type_for_alias(dtype)) for name in NAMES}
    parquet.write_table(pyarrow.table(columns), file)
    with moto_cloud(room.registry, room.model) as cloud:
        _, receipt, files = scored(cloud, room.model, "a.parquet", file.getvalue())
    assert list(reasons(files)) == [2]
    assert receipt["rows"] == {"read": 3, "scored": 2, "rejected": 1}
    exactly(from_parquet(files["part-00000.parquet"]), [[odd] * 3, [most] * 3])


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.usefixtures("in_jobs")
def test_evaluation_sees_a_difference_of_one_in_64_bits(registry: Path, dtype: str, form: str) -> None:
    odd, most = 2**53 + 1, int(np.iinfo(dtype).max)
    records = [{"n": odd, "m": odd - 1}, {"n": most, "m": most - 1}, {"n": 5, "m": 5}, {"n": most, "m": most}]
    file = io.BytesIO()
    columns = {name: pyarrow.array([row[name] for row in records], pyarrow.type_for_alias(dtype)) for name in "nm"}
    parquet.write_table(pyarrow.table(columns), file)
    text = "n,m\n" + "".join(f"{row['n']},{row['m']}\n" for row in records)
    data = {"csv": text.encode(), "jsonl": as_lines(records), "parquet": file.getvalue()}[form]
    with moto_cloud(registry, f"one-{dtype}") as cloud:
        _, receipt, _ = scored(cloud, f"one-{dtype}", f"a.{form}", data)
    assert receipt["metrics"]["mae"] == 0.5
    assert receipt["metrics"]["rmse"] == pytest.approx(0.5**0.5)
