"""Test the native protocol through ``answer``, with real models."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from lightship.dispatch.dispatcher import Dispatcher
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Options, Serving
from lightship.settings import Settings
from tests.bundles import Registries

Ask = Callable[..., tuple[int, Any]]


def asker(location: Path, default: str | None = None, refresh: float = 2.0, **limits: int) -> Ask:
    serving = Serving(Registry(str(location)), Options(default=default, refresh=refresh))
    service = Dispatcher(serving, Settings(**limits))

    def ask(
        method: str, path: str, body: Any = None, media_type: str = "application/json", caller: str | None = "me"
    ) -> Any:
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        request = Request(method, path, headers={"content-type": media_type}, body=data, caller=caller)
        response = service.answer(request)
        assert response is not None
        return response.status, orjson.loads(response.body)

    return ask


@pytest.fixture(scope="module")
def ask(registries: Registries) -> Ask:
    return asker(registries.small, "modes")


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/predict", {"input": [1, 4]}, [[2, 8]]),
        ("/predict", {"input": [[1, 4], [2, 3]]}, [[2, 8], [4, 6]]),
        ("/predict", {"input": {"x": [[1, 4]]}}, [[2, 8]]),
        ("/predict", {"inputs": {"x": [1, 4]}}, [[2, 8]]),
        ("/predict", {"input": [1, 4], "signature": "halve"}, [[0.5, 2]]),
        ("/models/modes/predict", {"input": [1, 4]}, {"model": "modes", "version": 1, "predictions": [[2, 8]]}),
        (
            "/models/modes/versions/1/predict",
            {"input": [1, 4]},
            {"model": "modes", "version": 1, "predictions": [[2, 8]]},
        ),
        (
            "/models/pair/predict",
            {"input": {"a": [[1, 2], [3, 4]], "b": [[10], [20]]}},
            {
                "model": "pair",
                "version": 1,
                "predictions": {"sum": [[11, 12], [23, 24]], "product": [[10, 20], [60, 80]]},
            },
        ),
        (
            "/models/pair/predict",
            {"input": {"a": [1, 2], "b": [10]}, "outputs": ["product"]},
            {"model": "pair", "version": 1, "predictions": [[10, 20]]},
        ),
        (
            "/models/pair/predict",
            {"input": [{"a": [1, 2], "b": 10}, {"b": 20, "a": [3, 4]}], "outputs": ["sum"]},
            {"model": "pair", "version": 1, "predictions": [[11, 12], [23, 24]]},
        ),
        ("/models/counts/predict", {"input": [1, 2, 3]}, {"model": "counts", "version": 1, "predictions": [[2, 4, 6]]}),
        (
            "/models/flags/predict",
            {"input": [True, False]},
            {"model": "flags", "version": 1, "predictions": [[False, True]]},
        ),
        (
            "/models/words/predict",
            {"input": ["ahoy", "é"]},
            {"model": "words", "version": 1, "predictions": ["AHOY", "é"]},
        ),
        (
            "/models/words/predict",
            {"input": {"b64": "/w=="}},
            {"model": "words", "version": 1, "predictions": [{"b64": "/w=="}]},
        ),
        ("/models/roots/predict", {"input": [-1, 4]}, {"model": "roots", "version": 1, "predictions": [[None, 2]]}),
    ],
)
def test_predict_returns_predictions(ask: Ask, path: str, body: Any, expected: Any) -> None:
    assert ask("POST", path, body) == (200, expected)


def test_predict_with_class_names_returns_probabilities_in_descending_order(ask: Ask) -> None:
    status, record = ask("POST", "/models/scorer/predict", {"input": [[0, 0], [0, 1000]]})
    assert status == 200
    assert record["classes"] == [{"low": 0.5, "high": 0.5}, {"high": 1.0, "low": 0.0}]
    assert list(record["classes"][1]) == ["high", "low"]


def test_predict_with_csv_body_returns_predictions(ask: Ask) -> None:
    assert ask("POST", "/predict", b"1,4\n2,3\n", "text/csv; charset=utf-8") == (200, [[2, 8], [4, 6]])


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "named"),
    [
        ("/predict", b"", 400, "invalid_input", "JSON"),
        ("/predict", b'{"input": [1, 2}', 400, "invalid_input", "JSON"),
        ("/predict", b'{"input": [NaN, 1]}', 400, "invalid_input", "JSON"),
        ("/predict", b'{"input": [Infinity, 1]}', 400, "invalid_input", "JSON"),
        ("/predict", b'{"input": [1e999, 1]}', 400, "invalid_input", "JSON"),
        ("/predict", b'{"input": [' + b"9" * 400 + b", 1]}", 400, "invalid_input", "JSON"),
        ("/predict", b"[" * 100_000, 400, "invalid_input", "JSON"),
        (
            "/predict",
            b'{"input": ' + b"[" * 900 + b"]" * 900 + b"}",
            400,
            "invalid_input",
            "nested",
        ),
        ("/predict", b'"\xff"', 400, "invalid_input", "UTF-8"),
        ("/predict", [1, 2], 400, "invalid_input", "JSON object"),
        ("/predict", {}, 400, "invalid_input", '"input"'),
        ("/predict", {"input": 1, "inputs": 2}, 400, "invalid_input", '"input"'),
        ("/predict", {"instances": [1, 2]}, 400, "invalid_input", "'instances'"),
        (
            "/predict",
            {"input": [1, 4], "signature": 7},
            400,
            "invalid_input",
            '"signature"',
        ),
        ("/predict", {"input": [1, 4], "outputs": ["y", "y"]}, 400, "invalid_input", "output 'y'"),
        ("/predict", {"input": [1, 4], "outputs": "y"}, 400, "invalid_input", '"outputs"'),
        (
            "/predict",
            {"input": [1, 4], "outputs": ["z"]},
            404,
            "not_found",
            "output 'z'",
        ),
        (
            "/predict",
            {"input": [1, 4], "signature": "z"},
            404,
            "not_found",
            "signature 'z'",
        ),
        ("/predict", {"input": []}, 400, "invalid_input", "empty"),
        ("/predict", {"input": [[1, 2], [3]]}, 400, "invalid_input", "row 2, input "),
        ("/predict", {"input": [1, 2, 3]}, 400, "invalid_input", "[any, 2], got [1, 3]"),
        ("/predict", {"input": ["a", "b"]}, 400, "invalid_input", "numbers"),
        ("/predict", {"input": {"z": [1, 2]}}, 400, "invalid_input", "input 'z'"),
        ("/models/counts/predict", {"input": [1.0, 2, 3]}, 400, "invalid_input", "integers"),
        (
            "/models/pair/predict",
            {"input": [1, 2]},
            400,
            "invalid_input",
            "'a'",
        ),
        (
            "/models/pair/predict",
            {"input": {"a": [1, 2]}},
            400,
            "invalid_input",
            "input 'b'",
        ),
        ("/models/pair/predict", {"input": {"a": [1, 2], "c": 1}}, 400, "invalid_input", "input 'c'"),
        ("/models/pair/predict", {"input": [{"a": [1, 2], "c": 1}]}, 400, "invalid_input", "input 'c'"),
        ("/models/pair/predict", {"input": [{"a": [1, 2]}]}, 400, "invalid_input", "input 'b'"),
        (
            "/models/pair/predict",
            {"input": [{"a": [1, 2], "b": 1}, {"a": [1, 2]}]},
            400,
            "invalid_input",
            "row 2, input 'b': ",
        ),
        ("/models/pair/predict", {"input": [{"a": [1, None], "b": 1}]}, 400, "invalid_input", "input 'a'"),
        ("/models/pair/predict", {"input": [{"a": [1, 2], "b": None}]}, 400, "invalid_input", "input 'b'"),
        ("/models/pair/predict", {"input": [{"a": [1, 2], "b": 1}, 3]}, 400, "invalid_input", "row 2"),
        ("/models/missing/predict", {"input": 1}, 404, "not_found", "'missing'"),
        ("/models/%2e%2e/predict", {"input": 1}, 404, "not_found", "model"),
        (
            "/models/modes/versions/2/predict",
            {"input": 1},
            404,
            "not_found",
            "version 2",
        ),
        ("/models/modes/versions/one/predict", {"input": 1}, 404, "not_found", "'one'"),
        ("/models/modes/versions/0/predict", {"input": 1}, 404, "not_found", "'0'"),
        ("/models/modes/versions/٣/predict", {"input": 1}, 404, "not_found", "version"),
    ],
)
def test_predict_with_invalid_request_is_refused(
    ask: Ask, path: str, body: Any, status: int, code: str, named: str
) -> None:
    got, record = ask("POST", path, body)
    assert (got, record["error"]["code"]) == (status, code)
    assert named in record["error"]["message"]


@pytest.mark.parametrize(
    "media_type", ["application/xml", "image/png", "multipart/form-data; boundary=x", "text/plain"]
)
def test_predict_with_unsupported_media_type_is_415(ask: Ask, media_type: str) -> None:
    status, record = ask("POST", "/predict", b"x", media_type)
    assert status == 415
    assert "application/json, text/csv" in record["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("GET", "/predict", "POST"), ("DELETE", "/models/pair", "GET")]
)
def test_answer_with_wrong_method_is_405(registries: Registries, method: str, path: str, allowed: str) -> None:
    service = Dispatcher(Serving(Registry(str(registries.small))))
    response = service.answer(Request(method, path, caller="me"))
    assert response is not None
    assert (response.status, response.headers["allow"]) == (405, allowed)


def test_answer_for_path_without_protocol_returns_no_response(registries: Registries) -> None:
    service = Dispatcher(Serving(Registry(str(registries.small))))
    assert service.answer(Request("GET", "/openapi.json", caller="me")) is None


def test_answer_without_caller_is_401_except_health(ask: Ask) -> None:
    assert ask("POST", "/predict", {"input": [1, 4]}, caller=None)[0] == 401
    assert ask("GET", "/models", caller=None)[0] == 401
    assert ask("GET", "/health/live", caller=None) == (200, {"status": "live"})
    assert ask("GET", "/health/ready", caller=None) == (200, {"status": "ready", "models": []})


def test_models_are_listed_and_described(ask: Ask) -> None:
    _, record = ask("GET", "/models")
    assert [model["name"] for model in record["models"]] == sorted(model["name"] for model in record["models"])
    assert {model["state"] for model in record["models"]} == {"available"}
    status, model = ask("GET", "/models/pair")
    assert status == 200
    assert [spec["name"] for spec in model["signatures"][0]["inputs"]] == ["a", "b"]
    assert ask("GET", "/models/missing")[0] == 404


def test_predict_without_model_uses_only_model_and_refuses_several(registries: Registries, tmp_path: Path) -> None:
    status, record = asker(registries.small)("POST", "/predict", {"input": 1})
    assert (status, record["error"]["code"]) == (404, "not_found")
    assert "pair" in record["error"]["message"]
    empty = asker(tmp_path)("POST", "/predict", {"input": 1})
    assert (empty[0], empty[1]["error"]["code"]) == (404, "not_found")
    shutil.copytree(registries.small / "modes", tmp_path / "only")
    assert asker(tmp_path)("POST", "/predict", {"input": [1, 4]}) == (200, [[2, 8]])


def test_response_beyond_limit_is_413(registries: Registries) -> None:
    ask = asker(registries.small, max_answer=6_000_000)
    rows = [[0.1234567]] * 10
    status, record = ask("POST", "/models/wide/predict", {"input": rows})
    assert (status, record["error"]["code"]) == (413, "too_large")
    assert "6000000" in record["error"]["message"]
    assert ask("POST", "/models/wide/predict", {"input": rows[:1]})[0] == 200


def test_damaged_model_is_refused_and_others_are_served(registries: Registries, tmp_path: Path) -> None:
    for name in ("pair", "modes"):
        shutil.copytree(registries.small / name, tmp_path / name)
    with (tmp_path / "pair" / "1" / "model.tflite").open("ab") as file:
        file.write(b"\0")
    ask = asker(tmp_path, "modes", refresh=0)
    status, record = ask("POST", "/models/pair/predict", {"input": {"a": [1, 2], "b": [1]}})
    assert (status, record["error"]["code"]) == (503, "bundle_invalid")
    assert ask("POST", "/predict", {"input": [1, 4]}) == (200, [[2, 8]])
    status, health = ask("GET", "/health/ready")
    assert (status, health["status"]) == (200, "degraded")
    assert {model["name"]: model["state"] for model in health["models"]} == {"modes": "available", "pair": "failed"}
    shutil.rmtree(tmp_path / "modes")
    assert ask("GET", "/health/ready")[0] == 503


@pytest.mark.parametrize("seed", range(4))
def test_random_body_is_never_5xx(ask: Ask, seed: int) -> None:
    """Send hundreds of bodies with swapped values and flipped, cut or repeated bytes."""
    chance = random.Random(seed)
    oddities: list[Any] = [
        None,
        True,
        "",
        "x",
        0,
        -1,
        2**64 - 1,
        1e308,
        1.5,
        [],
        {},
        [[]],
        {"b64": ""},
        {"b64": "AAAA"},
        [[[1]]],
    ]
    for _ in range(300):
        name = chance.choice(["pair", "modes", "counts", "flags", "words", "scorer"])
        value = chance.choice([*oddities, [chance.choice(oddities) for _ in range(chance.randint(0, 4))]])
        body = {chance.choice(["input", "inputs", "x"]): chance.choice([value, {chance.choice("abxnf"): value}])}
        data = bytearray(
            orjson.dumps(body | chance.choice([{}, {"signature": value}, {"outputs": value}]), default=str)
        )
        for _ in range(chance.choice([0, 0, 1, 5])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        media_type = chance.choice(["application/json", "text/csv"])
        status, _ = ask("POST", f"/models/{name}/predict", bytes(data[: chance.randint(1, len(data) * 2)]), media_type)
        assert status < 500, bytes(data)
