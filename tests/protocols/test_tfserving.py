"""Test TensorFlow Serving's REST API: paths, status, metadata and errors.

The cases are those of http_rest_api_handler_test.cc.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from lightship.calls import ModelState, VersionState
from lightship.errors import InvalidInput, LightshipError, NotFound, Unavailable
from lightship.protocols import tfserving
from lightship.registry.registry import Registry
from lightship.serving.serving import Serving
from tests.bundles import Registries
from tests.protocols.conftest import AskJson
from tests.protocols.tfserving_calls import HALF


@pytest.mark.parametrize("sentence", ['Bad key: "key"', "Bad key: 'key'"])
def test_error_is_object_with_message(sentence: str) -> None:
    response = tfserving.encode_error(InvalidInput(sentence))
    assert (response.status, json.loads(response.body)) == (400, {"error": sentence})
    assert response.headers == {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotFound("x"), 404), (Unavailable("x"), 503), (LightshipError("x"), 500), (InvalidInput("x"), 400)],
)
def test_error_has_status_of_code(error: LightshipError, status: int) -> None:
    assert tfserving.encode_error(error).status == status


@pytest.mark.parametrize(
    ("method", "path", "sentence"),
    [
        ("GET", "/v1/foo", "Malformed request"),
        ("POST", "/v1/foo", "Malformed request"),
        ("GET", "/v1/models", "Missing model name"),
        ("GET", "/v1/models/debug/model_name", "Malformed request"),
        ("POST", "/v1/models", "Malformed request"),
        ("GET", "/v1/models/foo:predict", "Malformed request"),
        ("GET", "/v1/models/foo/version/50:predict", "Malformed request"),
        ("POST", "/v1/models/foo/version/50:predict", "Malformed request"),
        ("POST", "/v1/models/foo/version/50:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/HELLO:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/string:predict", "Malformed request"),
        ("POST", "/v1/models/foo/versions/18446744073709551615:regress", "Failed to convert version"),
        ("POST", "/v1/models/foo/versions/18446744073709551615:predict", "Failed to convert version"),
        ("GET", "/v1/models/foo/versions/18446744073709551615/metadata", "Failed to convert version"),
        ("POST", "/v1/models/foo/metadata", "Malformed request"),
        ("POST", "/v1/models/foo/label/some_label:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/50/labels/some_label:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/some_label:regress", "Malformed request"),
        ("POST", "/v1/models/a/b:predict", "Malformed request"),
        ("POST", HALF + ":explain", "'instances'"),
        ("GET", HALF + ":explain", "GET"),
        ("POST", "/v1/models/foo:predict\n", "Malformed request"),
        ("POST", HALF + "/labels/nonexistent:predict", "'nonexistent'"),
        ("GET", HALF + "/labels/nonexistent", "'nonexistent'"),
    ],
)
def test_malformed_request_is_400(ask_json: AskJson, method: str, path: str, sentence: str) -> None:
    status, record = ask_json(method, path, b'{"instances": ["x", "y"]}')
    assert status == 400
    assert sentence in record["error"]


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/v1/models/modelname!#$%&'()*+,;=?@[]", {"name": "modelname!#$%&'()*+,;=?@[]"}),
        ("/v1/models/modelname/versions/99", {"name": "modelname", "version": "99"}),
        ("/v1/models/modelname/labels/latest", {"name": "modelname", "label": "latest"}),
        ("/v1/models/modelname/labels/a!#$%&'()*+,;=?@[]", {"name": "modelname", "label": "a!#$%&'()*+,;=?@[]"}),
    ],
)
@pytest.mark.parametrize("end", ["", "/metadata", ":predict", ":classify", ":regress"])
def test_path_parameters_are_parsed(path: str, parameters: dict[str, str], end: str) -> None:
    from lightship import protocols

    found = protocols.match("POST" if end.startswith(":") else "GET", path + end)
    assert found is not None
    assert found.route.path == "/v1/models/{name}" + end
    assert {key: value for key, value in found.parameters.items() if value is not None} == parameters


@pytest.mark.parametrize("path", ["foo:predict", "foo/versions/50:predict", "half_plus_two99:predict"])
def test_unknown_model_or_version_is_404(ask_json: AskJson, path: str) -> None:
    assert ask_json("POST", "/v1/models/" + path, b'{"instances": [1]}')[0] == 404
    assert ask_json("POST", HALF + "/versions/99:predict", b'{"instances": [1]}')[0] == 404
    assert ask_json("GET", HALF + "/versions/99")[0] == 404
    assert ask_json("GET", "/v1/models/missing/metadata")[0] == 404


OK = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}


@pytest.mark.parametrize("path", [HALF, HALF + "/versions/1"])
def test_status_returns_versions(ask_json: AskJson, path: str) -> None:
    ready = {"name": "half_plus_two", "ready": True}  # fields of KServe's V1
    assert ask_json("GET", path) == (200, {"model_version_status": [OK], **ready})


def test_status_of_failed_and_withdrawn_version_is_end() -> None:
    states = (VersionState("m", 3, "failed", "it is broken"), VersionState("m", 4, "withdrawn"))
    record = json.loads(tfserving.encode_status(states).body)
    failed, gone = record["model_version_status"]
    assert (record["name"], record["ready"]) == ("m", False)
    assert failed == {
        "version": "3",
        "state": "END",
        "status": {"error_code": "UNKNOWN", "error_message": "it is broken"},
    }
    assert gone["state"] == "END"


def test_metadata_returns_signatures(ask_json: AskJson) -> None:
    def tensor(name: str, dtype: str = "DT_FLOAT") -> dict[str, Any]:
        sizes = [{"size": "-1", "name": ""}, {"size": "1", "name": ""}]
        return {"dtype": dtype, "tensor_shape": {"dim": sizes, "unknown_rank": False}, "name": f"{name}:0"}

    status, record = ask_json("GET", HALF + "/metadata")
    assert status == 200
    assert record["model_spec"] == {"name": "half_plus_two", "signature_name": "", "version": "1"}
    signatures = record["metadata"]["signature_def"]["signature_def"]
    assert signatures["serving_default"] == {
        "inputs": {"x": tensor("x")},
        "outputs": {"y": tensor("y")},
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }
    assert set(signatures) == {"serving_default", "regress_x_to_y", "classify_x_to_y"}
    words = ask_json("GET", "/v1/models/words/versions/1/metadata")[1]["metadata"]["signature_def"]["signature_def"]
    assert words["serving_default"]["inputs"]["word"]["dtype"] == "DT_STRING"


def test_metadata_of_failed_version_raises() -> None:
    with pytest.raises(Unavailable, match="it is broken"):
        tfserving.encode_metadata(ModelState("m", 1, (1,), error="it is broken"))


def test_request_without_caller_is_401_and_wrong_method_405(ask_json: AskJson) -> None:
    assert ask_json("POST", HALF + ":predict", b"{}", caller=None)[0] == 401
    assert ask_json("GET", "/v1/foo", caller=None)[0] == 401
    assert ask_json("DELETE", HALF)[0] == 405


def test_openapi_has_paths_of_models_supporting_method(registries: Registries) -> None:
    states = Serving(Registry(str(registries.small))).status.models()
    paths: dict[str, Any] = {}
    for route in tfserving.PROTOCOL.routes:
        paths |= route.describe(route, states)
    assert {"/v1/models/{name}", "/v1/models/{name}/metadata", "/v1/models/pair:predict"} <= paths.keys()
    assert {HALF + ":regress", "/v1/models/scorer:classify"} <= paths.keys()
    assert "/v1/models/pair:classify" not in paths
    schema = paths["/v1/models/counts:predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    rows = schema["oneOf"][0]["properties"]["instances"]["anyOf"][0]["items"]
    assert (rows["minItems"], rows["items"]["type"], rows["items"]["maximum"]) == (3, "integer", 2**31 - 1)


def test_protocol_imports_no_framework() -> None:
    code = "import sys, lightship.protocols.tfserving; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(run.stdout.split()) & {"fastapi", "starlette", "tensorflow", "PIL", "ai_edge_litert"}
