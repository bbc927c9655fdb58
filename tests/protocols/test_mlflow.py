"""Test MLflow's scoring protocol through ``answer``, with real models."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from lightship.bundle import Manifest
from lightship.dispatch.dispatcher import Dispatcher
from lightship.protocols.http import Request, Response
from lightship.protocols.mlflow import decode_invocation
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from lightship.tensors import Signature, TensorSpec
from lightship.version import __version__
from tests.bundles import Registries

Ask = Callable[..., tuple[int, Any]]

COLUMNS = ("mean radius", "mean texture", "mean concavity")


def respond(service: Dispatcher, request: Request) -> Response:
    response = service.answer(request)
    assert response is not None
    return response


@pytest.fixture(scope="module")
def ask(registries: Registries) -> Ask:
    services: dict[str, Dispatcher] = {}

    def ask(model: str, body: Any, media_type: str = "application/json") -> tuple[int, Any]:
        if model not in services:
            folder = registries.examples if model in {"quickstart", "digits"} else registries.small
            services[model] = Dispatcher(Serving(Registry(str(folder)), Options(default=model)))
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        request = Request("POST", "/invocations", headers={"content-type": media_type}, body=data, caller="me")
        response = respond(services[model], request)
        return response.status, json.loads(response.body)

    return ask


MODES = [[2, 8], [4, 6]]
PAIR = {"sum": [[11, 12], [23, 24]], "product": [[10, 20], [60, 80]]}


@pytest.mark.parametrize(
    ("model", "body", "expected"),
    [
        ("modes", {"dataframe_split": {"columns": ["p", "q"], "index": [0, 1], "data": [[1, 4], [2, 3]]}}, MODES),
        ("modes", {"dataframe_split": {"columns": [0, 1], "data": [[1, 4], [2, 3]]}}, MODES),
        ("modes", {"dataframe_split": {"data": [[1, 4], [2, 3]]}}, MODES),
        ("modes", {"dataframe_split": {"columns": ["x_1", "x_0"], "data": [[4, 1], [3, 2]]}}, MODES),
        ("modes", {"dataframe_split": {"columns": ["x"], "data": [[[1, 4]], [[2, 3]]]}}, MODES),
        ("modes", {"dataframe_records": [{"p": 1, "q": 4}, {"q": 3, "p": 2}]}, MODES),
        ("modes", {"dataframe_records": [[1, 4], [2, 3]]}, MODES),
        ("modes", {"instances": [[1, 4], [2, 3]]}, MODES),
        ("modes", {"instances": [{"x": [1, 4]}, {"x": [2, 3]}]}, MODES),
        ("modes", {"inputs": [[1, 4], [2, 3]]}, MODES),
        ("modes", {"inputs": [1, 4]}, [[2, 8]]),
        ("modes", {"inputs": {"x": [[1, 4], [2, 3]]}}, MODES),
        ("modes", {"inputs": [[1, 4]], "params": {"temperature": 1}}, [[2, 8]]),
        ("modes", {"inputs": [[1, 4]], "params": "nonsense", "signature_name": "halve"}, [[2, 8]]),
        ("pair", {"inputs": {"a": [[1, 2], [3, 4]], "b": [[10], [20]]}}, PAIR),
        ("pair", {"instances": [{"a": [1, 2], "b": [10]}, {"b": 20, "a": [3, 4]}]}, None),
        ("pair", {"instances": [{"a": [1, 2], "b": [10]}, {"b": [20], "a": [3, 4]}]}, PAIR),
        ("pair", {"dataframe_records": [{"a": [1, 2], "b": 10, "c": 0}, {"a": [3, 4], "b": 20, "c": 0}]}, PAIR),
        ("pair", {"dataframe_split": {"columns": ["b", "a_1", "a_0"], "data": [[10, 2, 1], [20, 4, 3]]}}, PAIR),
        ("pair", {"dataframe_split": {"data": [[1, 2, 10], [3, 4, 20]]}}, PAIR),
        ("pair", {"instances": [[1, 2, 10], [3, 4, 20]]}, PAIR),
        ("counts", {"inputs": [[1, 2, 3]]}, [[2, 4, 6]]),
        ("flags", {"instances": [[True, False]]}, [[False, True]]),
        ("words", {"instances": ["ahoy", "é"]}, ["AHOY", "é"]),
        ("words", {"dataframe_split": {"columns": ["word"], "data": [["ahoy"], ["b"]]}}, ["AHOY", "B"]),
        ("words", {"instances": [{"b64": "/w=="}]}, [{"b64": "/w=="}]),
    ],
)
def test_invocation_with_each_json_format_returns_predictions(ask: Ask, model: str, body: Any, expected: Any) -> None:
    status, record = ask(model, body)
    if expected is None:
        assert (status, record["error_code"]) == (400, "BAD_REQUEST")
    else:
        assert (status, record) == (200, {"predictions": expected})


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/csv", b"1,4\n2,3\n"),
        ("text/csv; charset=utf-8", b"p,q\r\n1,4\r\n2,3\r\n"),
        ("text/csv; header=present", b"0,1\n1,4\n2,3\n"),
        ('Text/CSV;charset=utf-8 ; Header="absent"', b"1,4\n2,3\n"),
        ("application/jsonlines", b"[1,4]\n\n[2,3]\n"),
        ("application/jsonlines", b'{"x": [1,4]}\r\n{"x": [2,3]}'),
        ("application/x-ndjson", b'{"p": 1, "q": 4}\n{"p": 2, "q": 3}\n'),
    ],
)
def test_invocation_with_csv_or_json_lines_returns_predictions(ask: Ask, media_type: str, body: bytes) -> None:
    assert ask("modes", body, media_type) == (200, {"predictions": MODES})


def test_invocation_columns_are_matched_by_name_in_any_order(ask: Ask) -> None:
    row = dict(zip(COLUMNS, [17.9, 10.3, 0.3], strict=True))
    _, straight = ask("quickstart", {"inputs": [list(row.values())]})
    turned = {name: row[name] for name in reversed(COLUMNS)} | {"id": "patient"}
    table = {"columns": list(turned), "index": [7], "data": [list(turned.values())]}
    lines = b",".join(name.encode() for name in turned) + b"\n" + b",".join(str(x).encode() for x in turned.values())
    for body, media_type in [
        ({"dataframe_split": table}, "application/json"),
        ({"dataframe_records": [turned]}, "application/json"),
        ({"instances": [turned]}, "application/json"),
        ({"inputs": {name: [value] for name, value in row.items()}}, "application/json"),
        ({"inputs": [row]}, "application/json"),
        (orjson.dumps(turned), "application/jsonlines"),
        (lines, "text/csv"),
    ]:
        assert ask("quickstart", body, media_type) == (200, straight)


def test_invocation_column_of_scalars_fills_input_with_one_column() -> None:
    """Check that as many rows as an input has columns are not taken for one row."""
    two = Signature("s", (TensorSpec("a", "float32", (None, 1)), TensorSpec("b", "float32", (None, 2))), ())
    manifest = Manifest("litert", (two,), {})
    body = orjson.dumps({"dataframe_split": {"columns": ["a", "b"], "data": [[1, [1, 2]], [2, [3, 4]]]}})
    inputs = decode_invocation(Request("POST", "/invocations", body=body), manifest).inputs
    assert {name: array.tolist() for name, array in inputs.items()} == {"a": [[1], [2]], "b": [[1, 2], [3, 4]]}


def test_invocation_nan_is_valid_token_and_missing_number(ask: Ask, registries: Registries) -> None:
    expected = '{"predictions":[[NaN,2.0],[Infinity,0.0]]}'
    service = Dispatcher(Serving(Registry(str(registries.small)), Options(default="roots")))
    for body in (
        b'{"inputs": [[NaN, 4], [Infinity, 0]]}',
        b'{"dataframe_split": {"columns": ["p", "q"], "data": [[null, 4], [Infinity, 0]]}}',
        b'{"instances": [[-1, 4], [Infinity, 0]]}',
    ):
        response = respond(service, Request("POST", "/invocations", body=body, caller="me"))
        assert (response.status, response.body.decode()) == (200, expected)
    assert ask("counts", {"dataframe_split": {"data": [[1, None, 3]]}})[0] == 400


@pytest.mark.parametrize(
    ("model", "body", "named"),
    [
        ("modes", b"", "JSON"),
        ("modes", b'{"inputs": [NaN', "JSON"),
        ("words", b'{"inputs": ["\\ud800"], "params": NaN}', "JSON"),
        ("modes", b'{"inputs": NaN, "x": ' + b"[" * 100_000, "JSON"),
        ("modes", b'{"inputs": [[NaN, ' + b"9" * 5000 + b"]]}", "JSON"),
        ("modes", [1, 2], "dataframe_split, dataframe_records, instances, inputs.*list"),
        ("modes", {"input": [1, 2]}, "dataframe_split, dataframe_records, instances, inputs.*object"),
        ("modes", {"inputs": [1, 2], "instances": [1, 2]}, "got instances, inputs"),
        ("modes", {"inputs": {"z": [1, 2]}}, "input 'z'.*'x'"),
        ("modes", {"instances": 1}, '"instances".*list.*integer'),
        ("modes", {"instances": []}, '"instances".*empty'),
        ("modes", {"instances": [1, 4]}, r"'x'.*\[2\].* 2 rows"),
        ("modes", {"dataframe_records": [{"p": 1, "q": 2}, {"p": 1}]}, "'q'"),
        ("modes", {"dataframe_records": [{"p": 1, "q": 2}, 7]}, "row 2.*object"),
        ("modes", {"dataframe_records": [{"p": 1}]}, "2 .*x_0, x_1.*got 1"),
        ("modes", {"dataframe_split": [[1, 2]]}, '"dataframe_split".*"data"'),
        ("modes", {"dataframe_split": {"data": [[1, 2], [1]]}}, "row 2.* 1 cells"),
        ("modes", {"dataframe_split": {"data": [[1, 2], 3]}}, "row 2.*list"),
        ("modes", {"dataframe_split": {"columns": ["x"], "data": [[1, 2]]}}, " 1 columns.* 2 cells"),
        ("modes", {"dataframe_split": {"columns": ["p", "p"], "data": [[1, 2]]}}, '"dataframe_split".*column'),
        ("modes", {"dataframe_split": {"columns": [["p"], ["q"]], "data": [[1, 2]]}}, '"columns"'),
        ("modes", {"dataframe_split": {"data": []}}, "columns.*got 0"),
        ("quickstart", {"dataframe_records": [{"mean radius": 1}]}, "'mean texture'"),
        ("pair", {"inputs": 1}, "'a'"),
        ("digits", {"dataframe_records": [{"p": 1}]}, "'image'"),
    ],
)
def test_invalid_invocation_is_refused_in_mlflow_format(ask: Ask, model: str, body: Any, named: str) -> None:
    status, record = ask(model, body)
    assert (status, record.keys()) == (400, {"error_code", "message"})
    assert record["error_code"] == "BAD_REQUEST"
    assert re.search(named, record["message"])


def test_invocation_with_unsupported_media_type_is_415(ask: Ask) -> None:
    status, record = ask("modes", b"x", "application/vnd.apache.parquet")
    assert status == 415
    assert "application/json, text/csv, application/jsonlines" in record["message"]


def test_ping_and_version_are_answered(registries: Registries, tmp_path: Path) -> None:
    service = Dispatcher(Serving(Registry(str(registries.small)), Options(default="modes")))
    assert respond(service, Request("GET", "/ping")).status == 200
    assert respond(service, Request("GET", "/version", caller="me")).body.decode() == __version__
    unauthenticated = respond(service, Request("GET", "/version"))
    assert (unauthenticated.status, orjson.loads(unauthenticated.body)["error_code"]) == (401, "UNAUTHENTICATED")
    wrong = respond(service, Request("GET", "/invocations", caller="me"))
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")


def test_ping_reports_default_model_only(registries: Registries, tmp_path: Path) -> None:
    for name in ("pair", "modes"):
        shutil.copytree(registries.small / name, tmp_path / name)
    with (tmp_path / "pair" / "1" / "model.tflite").open("ab") as file:
        file.write(b"\0")
    for default, expected in (("modes", 200), ("pair", 503), ("missing", 503), (None, 503)):
        service = Dispatcher(Serving(Registry(str(tmp_path)), Options(default=default)))
        assert respond(service, Request("GET", "/ping")).status == expected
    request = Request("POST", "/invocations", body=b'{"inputs": 1}', caller="me")
    response = respond(Dispatcher(Serving(Registry(str(tmp_path)), Options(default="pair"))), request)
    assert (response.status, orjson.loads(response.body)["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")


HOT = """
import sys
from lightship.dispatch.dispatcher import Dispatcher
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from lightship.protocols.http import Request
service = Dispatcher(Serving(Registry(sys.argv[1]), Options(default="modes")))
for body in (b'{"dataframe_split": {"columns": ["p", "q"], "data": [[1, 4]]}}', b'{"inputs": [[1, 4]]}'):
    response = service.answer(Request("POST", "/invocations", body=body, caller="me"))
    assert response.status == 200, response.body
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_invocation_imports_no_heavy_package(registries: Registries) -> None:
    command = [sys.executable, "-c", HOT, str(registries.small)]
    run = subprocess.run(command, env={"PYTHONPATH": "src"}, capture_output=True, text=True, check=True)
    heavy = {"tensorflow", "keras", "pandas", "fastapi", "starlette", "pydantic", "boto3", "mlflow", "PIL"}
    assert not heavy & set(run.stdout.split())


def test_openapi_of_invocations_has_inputs_of_default_model(registries: Registries) -> None:
    from lightship.protocols import mlflow

    states = Serving(Registry(str(registries.small)), Options(default="pair")).status.models()
    paths: dict[str, Any] = {}
    for route in mlflow.PROTOCOL.routes:
        paths |= route.describe(route, states)
    asked = {"/models/words/invoke", "/endpoints/words/invocations"}
    assert {path for path in paths if "words" in path} == asked
    assert {path for path in paths if path.count("/") == 1} == {"/invocations", "/ping", "/version"}
    schema = paths["/invocations"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert list(schema["properties"]["inputs"]["properties"]) == ["a", "b"]
