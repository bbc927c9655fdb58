"""Test the Open Inference Protocol: metadata, errors, API Gateway and OpenAPI."""

from __future__ import annotations

import base64
import gzip
import struct
from typing import Any

import numpy as np
import orjson
import pytest

from lightship.protocols.openinference import PROTOCOL
from tests.bundles import Registries
from tests.protocols.conftest import Ask
from tests.protocols.openinference_cases import LENGTH, ROW, sized
from tests.serve import core, gateway
from tests.test_imports import HEAVY, MODULES, words_after


def test_metadata_routes_describe_server_and_models(ask: Ask) -> None:
    def get(path: str, **options: Any) -> Any:
        response = ask("GET", path, **options)
        assert response.status == 200
        return orjson.loads(response.body)

    server = get("/v2")
    assert server["name"] == "lightship"
    assert "binary_tensor_data" in server["extensions"]
    assert get("/v2/health/live", caller=None) == {"live": True}
    assert get("/v2/health/ready", caller=None) == {"ready": True}
    for path in ("/v2/models/pair", "/v2/models/pair/versions/1"):
        record = get(path)
        assert (record["name"], record["versions"], record["platform"]) == ("pair", ["1"], "litert_tflite")
        assert record["inputs"] == [
            {"name": "a", "datatype": "FP32", "shape": [-1, 2]},
            {"name": "b", "datatype": "FP32", "shape": [-1, 1]},
        ]
        assert get(f"{path}/ready") == {"name": "pair", "ready": True}
        assert get(f"{path}/config")["input"][0] == {"name": "a", "data_type": "TYPE_FP32", "dims": [-1, 2]}
    assert get("/v2/models/words/config")["input"][0]["data_type"] == "TYPE_STRING"
    ask("POST", "/v2/models/modes/infer", {"inputs": [ROW]})
    for path in ("/v2/models/modes", "/v2/models/modes/versions/1"):
        assert [entry["name"] for entry in get(f"{path}/stats")["model_stats"]] == ["modes"]
    assert "modes" in {entry["name"] for entry in get("/v2/models/stats")["model_stats"]}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/missing", 404),
        ("GET", "/v2/models/missing/ready", 404),
        ("GET", "/v2/models/pair/versions/9/ready", 404),
        ("GET", "/v2/models/pair/versions/x", 404),
        ("POST", "/v2/models/missing/infer", 404),
        ("POST", "/v2/models/pair/infer", 400),
        ("GET", "/v2/models/pair/infer", 405),
        ("POST", "/v2/repository/models/missing/load", 404),
        ("POST", "/v2/repository/models/missing/unload", 404),
    ],
)
def test_error_has_message_in_protocol_format(ask: Ask, method: str, path: str, status: int) -> None:
    response = ask(method, path)
    assert response.status == status
    assert isinstance(orjson.loads(response.body)["error"], str)


def test_request_without_caller_is_401(ask: Ask) -> None:
    assert ask("GET", "/v2", caller=None).status == 401
    assert ask("POST", "/v2/models/pair/infer", caller=None).status == 401
    assert ask("POST", "/v2/repository/models/pair/unload", caller=None).status == 401


def event(path: str, body: bytes, **headers: str) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {"http": {"method": "POST", "path": path}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def body_of(answer: dict[str, Any]) -> bytes:
    return base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()


def test_binary_data_through_api_gateway_is_base64_encoded(registries: Registries) -> None:
    handler = gateway(core(registries.small, default_model=None, max_body=1_000_000))
    text = orjson.dumps({"inputs": [sized(8)], "parameters": {"binary_data_output": True}})
    sent = event(
        "/v2/models/modes/infer", text + struct.pack("<2f", 1, 0.3), Inference_Header_Content_Length=str(len(text))
    )
    answer = handler(sent, None)
    assert answer["statusCode"] == 200
    assert answer["isBase64Encoded"]
    length = int(answer["headers"][LENGTH])
    assert np.frombuffer(body_of(answer)[length:], "<f4").tolist() == [2, np.float32(0.6)]
    raw = handler(event("/v2/models/modes/infer", struct.pack("<2f", 1, 4), Inference_Header_Content_Length="0"), None)
    assert np.frombuffer(body_of(raw)[int(raw["headers"][LENGTH]) :], "<f4").tolist() == [2, 8]


def test_compressed_bodies_through_api_gateway_are_decoded(registries: Registries) -> None:
    handler = gateway(core(registries.small, default_model=None, max_body=1_000_000))
    item = {**ROW, "shape": [1000, 2], "data": [0.5] * 2000}
    packed = gzip.compress(orjson.dumps({"inputs": [item]}))
    answer = handler(event("/v2/models/modes/infer", packed, Content_Encoding="gzip", Accept_Encoding="gzip"), None)
    assert answer["headers"]["content-encoding"] == "gzip"
    assert orjson.loads(gzip.decompress(body_of(answer)))["outputs"][0]["data"] == [1] * 2000


HOT = """
import json, sys
from lightship.handlers.predict import handler_for
handler = handler_for()
item = {"name": "features", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}
http = {"path": "/v2/models/quickstart/infer", "method": "POST"}
event = {"version": "2.0", "rawPath": http["path"], "requestContext": {"http": http}}
event |= {"headers": {"accept-encoding": "gzip"}, "body": json.dumps({"inputs": [item]})}
answer = handler(event, None)
assert answer["statusCode"] == 200, answer
"""


def test_infer_on_lambda_imports_no_heavy_package(registries: Registries) -> None:
    assert not words_after(HOT + MODULES, registries.examples) & HEAVY


def test_openapi_describes_every_route() -> None:
    paths: dict[str, Any] = {}
    for route in PROTOCOL.routes:
        for path, operations in route.describe(route, ()).items():
            paths.setdefault(path, {}).update(operations)
    operations = [operation for entry in paths.values() for operation in entry.values()]
    assert len({operation["operationId"] for operation in operations}) == len(PROTOCOL.routes)
    infer = paths["/v2/models/{name}/infer"]["post"]
    assert infer["requestBody"]["content"]["application/json"]["schema"]["required"] == ["inputs"]
    assert [parameter["name"] for parameter in infer["parameters"]] == ["name"]
    assert paths["/v2/models/{name}"]["get"]["summary"] == "Get the tensors and versions of a model"
