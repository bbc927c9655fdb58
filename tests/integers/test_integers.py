"""Extremes of every integer dtype on every channel to a model, compared exactly."""

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
from tests.integers.channels import (
    COMMANDS,
    JOBS,
    MESSAGES,
    NAMES,
    PROTOCOLS,
    Channel,
    Endpoint,
    Rows,
    as_csv,
    as_lines,
    as_parquet,
    from_parquet,
    named,
)
from tests.integers.models import INTEGERS
from tests.jobs.clouds import moto_cloud
from tests.jobs.scoring import scored
from tests.model_files import write

by_dtype = pytest.mark.parametrize("dtype", INTEGERS)


def by_channel(channels: dict[str, Channel]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("channel", list(channels.values()), ids=list(channels))


def extremes(dtype: str) -> Rows:
    """Return rows with the extremes and values that float64 rounds.

    The least and the greatest value are in one row; the odd value is alone and beside each of them.
    """
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
def endpoint(registry: Path, dtype: str, tmp_path: Path) -> Endpoint:
    return Endpoint(registry, f"echo-{dtype}", dtype, tmp_path)


@pytest.fixture
def job_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIGHTSHIP_CACHE", str(tmp_path / "cache"))
    score.load.cache_clear()


def assert_exact(found: Any, rows: Rows) -> None:
    assert found == rows
    assert {type(cell) for row in found for cell in row} == {int}  # 2.0**64 equals 2**64


@by_dtype
@by_channel(PROTOCOLS)
def test_protocols_take_and_return_every_integer(channel: Channel, endpoint: Endpoint) -> None:
    assert_exact(channel(extremes(endpoint.dtype), endpoint), extremes(endpoint.dtype))


@by_dtype
@by_channel(COMMANDS)
def test_predict_command_takes_and_returns_every_integer(channel: Channel, endpoint: Endpoint) -> None:
    assert_exact(channel(extremes(endpoint.dtype), endpoint), extremes(endpoint.dtype))


@by_dtype
@by_channel(MESSAGES)
def test_request_queue_takes_and_returns_every_integer(channel: Channel, endpoint: Endpoint, bucket: str) -> None:
    assert_exact(
        channel(extremes(endpoint.dtype), Endpoint(**{**vars(endpoint), "bucket": bucket})), extremes(endpoint.dtype)
    )


@by_dtype
@by_channel(JOBS)
@pytest.mark.usefixtures("job_settings")
def test_jobs_take_and_return_every_integer(channel: Channel, endpoint: Endpoint) -> None:
    assert_exact(channel(extremes(endpoint.dtype), endpoint), extremes(endpoint.dtype))


@by_channel(
    {
        "native": lambda rows, endpoint: endpoint.post("/predict", {"input": rows}),
        "v1": lambda rows, endpoint: endpoint.post("/v1/models/hashed:predict", {"instances": rows})["predictions"],
        "mlflow": lambda rows, endpoint: endpoint.post("/invocations", {"inputs": rows})["predictions"],
        "command line": lambda rows, endpoint: endpoint.command(json.dumps(rows)),
    }
)
def test_hashes_of_64_bits_are_not_rounded(channel: Channel, registry: Path, tmp_path: Path) -> None:
    endpoint = Endpoint(registry, "hashed", "uint64", tmp_path)
    assert_exact(channel([[18446744073709551615, 9007199254740993]], endpoint), [[615, 993]])


@by_dtype
def test_inputs_of_one_integer_per_row_are_exact(registry: Path, dtype: str, tmp_path: Path) -> None:
    endpoint = Endpoint(registry, f"one-{dtype}", dtype, tmp_path)
    cells = [cell for row in extremes(dtype) for cell in row]
    assert endpoint.post("/predict", {"input": cells}) == cells
    assert endpoint.post(f"/v1/models/one-{dtype}:predict", {"instances": cells})["predictions"] == cells
    assert endpoint.post("/predict", "\n".join(map(str, ["n", *cells])).encode(), "text/csv") == cells
    assert endpoint.post("/invocations", {"dataframe_records": [{"n": cell} for cell in cells]})["predictions"] == cells


def out_of_range(dtype: str) -> list[int]:
    """Return the integers just outside a dtype's range."""
    limits = np.iinfo(dtype)
    return [int(limits.min) - 1, int(limits.max) + 1]


@by_dtype
@pytest.mark.parametrize("side", [0, 1], ids=["below", "above"])
def test_integer_outside_range_is_refused_with_name(endpoint: Endpoint, dtype: str, side: int) -> None:
    wrong = out_of_range(dtype)[side]
    for path, body, media_type, named_input in (
        ("/predict", json.dumps({"input": [[1, 2, 3], [1, wrong, 3]]}), "application/json", "row 2, input 'n'"),
        ("/predict", as_csv([[1, 2, 3], [1, wrong, 3]]).decode(), "text/csv", "row 2, column 'n_1'"),
        ("/invocations", json.dumps({"instances": [[1, wrong, 3]]}), "application/json", "'n'"),
    ):
        status, response = endpoint.request(path, body.encode(), media_type)
        assert status == 400, response
        assert named_input.encode() in response


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint64"])
@pytest.mark.parametrize("text", ["1.0", "1e3", "9007199254740993.0", "1.5", "18446744073709551616"])
def test_float_for_integer_input_is_refused(endpoint: Endpoint, text: str) -> None:
    for path, body in (
        ("/predict", f'{{"input": [[1, {text}, 3]]}}'),
        (f"/v1/models/{endpoint.model}:predict", f'{{"instances": [[1, {text}, 3]]}}'),
        ("/invocations", f'{{"inputs": [[1, {text}, 3]]}}'),
    ):
        assert endpoint.request(path, body.encode(), "application/json")[0] == 400
    assert endpoint.request("/predict", f"n_0,n_1,n_2\n1,{text},3\n".encode(), "text/csv")[0] == 400


def test_integers_beyond_2_to_53_for_float_input_are_rounded(registries: Registries, tmp_path: Path) -> None:
    endpoint = Endpoint(registries.small, "modes", "float32", tmp_path)
    for body in ([[2**64 - 1, -(2**63)]], [[2**64 - 1, 1]], [[2**53 + 1, 0.5]]):
        expected = np.array(body, np.float64).astype(np.float32) * 2
        assert np.array_equal(np.float32(endpoint.post("/predict", {"input": body})), expected)


def reasons(files: dict[str, bytes]) -> dict[int, str]:
    """Return why rows were rejected, by number."""
    lines = [line for key, data in files.items() if key.startswith("errors/") for line in data.splitlines()]
    return {record["row"]: record["reason"] for record in map(json.loads, lines)}


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint32", "uint64"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.usefixtures("job_settings")
def test_jobs_rows_outside_range_are_rejected_with_column(endpoint: Endpoint, dtype: str, form: str) -> None:
    below, above = out_of_range(dtype)
    rows = [*extremes(dtype), [1, below, 3], [1, 2, above]]
    data = {"csv": as_csv, "jsonl": lambda rows: as_lines(named(rows)), "parquet": as_decimal_parquet}[form](rows)
    with moto_cloud(endpoint.registry, endpoint.model) as cloud:
        _, receipt, files = scored(cloud, endpoint.model, f"a.{form}", data)
    assert receipt["rows"] == {"read": 5, "scored": 3, "rejected": 2}
    assert {row: name for row, reason in reasons(files).items() for name in NAMES if f"column '{name}'" in reason} == {
        4: "n_1",
        5: "n_2",
    }


def as_decimal_parquet(rows: Rows) -> bytes:
    """Return Parquet rows whose columns exceed every integer dtype."""
    return as_parquet(rows, pyarrow.decimal128(30, 0))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.usefixtures("job_settings")
def test_jobs_integer_column_with_null_keeps_other_cells_exact(endpoint: Endpoint, dtype: str) -> None:
    odd, most = 2**53 + 1, int(np.iinfo(dtype).max)
    file = io.BytesIO()
    columns = {name: pyarrow.array([odd, None, most], pyarrow.type_for_alias(dtype)) for name in NAMES}
    parquet.write_table(pyarrow.table(columns), file)
    with moto_cloud(endpoint.registry, endpoint.model) as cloud:
        _, receipt, files = scored(cloud, endpoint.model, "a.parquet", file.getvalue())
    assert list(reasons(files)) == [2]
    assert receipt["rows"] == {"read": 3, "scored": 2, "rejected": 1}
    assert_exact(from_parquet(files["part-00000.parquet"]), [[odd] * 3, [most] * 3])


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.usefixtures("job_settings")
def test_evaluation_difference_of_one_in_64_bits_is_counted(registry: Path, dtype: str, form: str) -> None:
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
