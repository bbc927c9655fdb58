"""SavedModels that parse tf.Example, called as in TensorFlow Serving's tests.

Source of requests and responses: http_rest_api_handler_test.cc and tensorflow_model_server_test.py.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest

from lightship import protocols
from lightship.compiler import compile_model
from lightship.compiler.sources.saved_model.examples import example_kinds
from lightship.compiler.verification.samples import make
from lightship.dispatch.dispatcher import Dispatcher
from lightship.errors import SourceRefused
from lightship.inputs.example import serialise
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.serving import Serving
from lightship.tensors import Signature, TensorSpec
from tests.model_files import write

Send = Callable[..., tuple[int, Any]]

HALF_PLUS_TWO = pytest.mark.parametrize("model", ["half_plus_two", "half_plus_two_of_2017"])
MIXED = {"age": 30, "image": [1.0, 2.0, 3.0, 4.0], "steps": [1, 2], "tags": ["a", "b"], "weights": [0.5, 1.0]}
EXAMPLE_20 = {"b64": base64.b64encode(serialise({"x": [20.0]})).decode()}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write("tests.compiler.example_models", folder)
    return folder


@pytest.fixture(scope="module")
def examples_registry(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    registry = Registry(str(tmp_path_factory.mktemp("registry")))
    for name in ("half_plus_two", "half_plus_two_of_2017", "mixed"):
        report = compile_model(models / name, registry=registry)
        assert (report.engine, report.reasons) == ("tensorflow", ("parsing of tf.Example",))
    return registry


@pytest.fixture(scope="module")
def send(examples_registry: Registry) -> Send:
    service = Dispatcher(Serving(examples_registry))

    def send(method: str, path: str, record: Any = None) -> tuple[int, Any]:
        body = b"" if record is None else json.dumps(record).encode()
        response = service.answer(Request(method, path, headers={}, body=body, caller="me"))
        assert response is not None
        return response.status, json.loads(response.body)

    return send


REQUESTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("predict", {"instances": [1.0, 2.0, 5.0]}, {"predictions": [2.5, 3.0, 4.5]}),
    ("predict", {"inputs": [2.0, 3.0, 4.0]}, {"outputs": [3.0, 3.5, 4.0]}),
    ("regress", {"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}]}, {"results": [42]}),
    ("regress", {"signature_name": "regress_x_to_y", "examples": [{"x": 2.0}, {"x": [80]}]}, {"results": [3, 42]}),
    (
        "regress",
        {"signature_name": "regress_x_to_y2", "context": {"x": 2.0}, "examples": [{"other": ["a"]}, {"x": 4.0}]},
        {"results": [4, 5]},
    ),
    ("classify", {"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}]}, {"results": [[["", 12]]]}),
    ("classify", {"signature_name": "classify_x_to_y", "examples": [{"x": 10.0}]}, {"results": [[["", 7]]]}),
    ("predict", {"signature_name": "regress_x2_to_y3", "instances": [[2.0]]}, {"predictions": [[4]]}),
    ("predict", {"signature_name": "classify_x_to_y", "instances": [EXAMPLE_20] * 2}, {"predictions": [[12]] * 2}),
    ("predict", {"signature_name": "classify_x_to_y", "instances": [{"inputs": EXAMPLE_20}]}, {"predictions": [[12]]}),
    ("predict", {"signature_name": "regress_x_to_y", "inputs": [EXAMPLE_20]}, {"outputs": [[12]]}),
    ("predict", {"signature_name": "regress_x_to_y", "inputs": {"inputs": [EXAMPLE_20]}}, {"outputs": [[12]]}),
]


@HALF_PLUS_TWO
@pytest.mark.parametrize(("method", "body", "expected"), REQUESTS)
def test_tfserving_request_returns_response_of_tensorflow_serving(
    send: Send, model: str, method: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert send("POST", f"/v1/models/{model}:{method}", body) == (200, expected)


@HALF_PLUS_TWO
@pytest.mark.parametrize("features", [{"x2": 1.0}, {"x": "a"}, {"x": [1.0, 2.0]}])
def test_features_not_accepted_by_graph_return_400(send: Send, model: str, features: dict[str, Any]) -> None:
    body = {"signature_name": "regress_x_to_y", "examples": [features]}
    status, record = send("POST", f"/v1/models/{model}:regress", body)
    assert status == 400
    assert "TensorFlow" in record["error"]
    assert "Key:" not in record["error"]  # the engine's message is only logged


def test_features_of_every_kind_are_parsed(send: Send) -> None:
    named = {**MIXED, "name": {"b64": base64.b64encode(b"Ann").decode()}, "weights": []}
    status, record = send("POST", "/v1/models/mixed:classify", {"examples": [MIXED, named]})
    expected = [[["default", 11.5], ["ab", 33.0]], [["Ann", 10.0], ["ab", 33.0]]]
    assert (status, record) == (200, {"results": expected})


def test_manifest_records_features_and_signature_methods(examples_registry: Registry) -> None:
    half = examples_registry.open("half_plus_two").manifest
    assert {signature.name: signature.method for signature in half.signatures} == {
        "serving_default": "predict",
        "classify_x_to_y": "classify",
        "regress_x2_to_y3": "regress",
        "regress_x_to_y": "regress",
        "regress_x_to_y2": "regress",
    }
    one = {"dtype": "float32", "shape": [1]}
    kind = {"type": "example", "features": {"x": one, "x2": one}}
    assert half.signature("classify_x_to_y").inputs == (TensorSpec("inputs", "string", (None,), kind),)
    assert half.signature("regress_x2_to_y3").inputs == (TensorSpec("inputs", "float32", (None, 1)),)
    assert half.signature().to_json().keys() == {"name", "inputs", "outputs", "independent_rows"}
    old = examples_registry.open("half_plus_two_of_2017").manifest.signature("regress_x_to_y").inputs[0].kind or {}
    assert old["features"] == {"tags": {"dtype": "int64", "shape": [None]}, "x": one, "x2": one}
    mixed = examples_registry.open("mixed").manifest.signature().inputs[0].kind or {}
    assert mixed["features"] == {
        "age": {"dtype": "int64", "shape": []},
        "image": {"dtype": "float32", "shape": [2, 2]},
        "name": {"dtype": "string", "shape": [1]},
        "steps": {"dtype": "int64", "shape": [None]},
        "tags": {"dtype": "string", "shape": [None]},
        "weights": {"dtype": "float32", "shape": [None]},
    }


def test_metadata_contains_method_names(send: Send) -> None:
    status, record = send("GET", "/v1/models/half_plus_two/metadata")
    assert status == 200
    signatures = record["metadata"]["signature_def"]["signature_def"]
    assert signatures["classify_x_to_y"]["method_name"] == "tensorflow/serving/classify"
    assert signatures["regress_x_to_y"]["method_name"] == "tensorflow/serving/regress"
    assert signatures["serving_default"]["method_name"] == "tensorflow/serving/predict"
    assert signatures["classify_x_to_y"]["inputs"]["inputs"]["dtype"] == "DT_STRING"


def test_other_routes_serve_example_input_as_string_tensor(send: Send, examples_registry: Registry) -> None:
    row = {"b64": base64.b64encode(serialise({"age": [1], "image": [1.0] * 4, "tags": [b"t"]})).decode()}
    assert send("POST", "/models/mixed/predict", {"input": [row]})[1]["predictions"] == {
        "classes": [["default", "t"]],
        "scores": [[4.0, 1.0]],
    }
    assert send("GET", "/models/mixed")[0] == 200
    assert send("GET", "/v2/models/mixed")[1]["inputs"] == [{"name": "inputs", "datatype": "BYTES", "shape": [-1]}]
    states = Serving(examples_registry).status.models()
    for route in (route for protocol in protocols.protocols() for route in protocol.routes):
        orjson.dumps(route.describe(route, states))


def test_compile_input_of_unknown_rank_without_examples_is_refused(models: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="'x'"):
        compile_model(models / "unknown_rank", registry=Registry(str(tmp_path)))


def test_samples_of_examples_are_reproducible() -> None:
    features = {"n": {"dtype": "int64", "shape": [2]}, "t": {"dtype": "string", "shape": [None]}}
    spec = TensorSpec("inputs", "string", (None,), {"type": "example", "features": features})
    signature = Signature("serving_default", (spec,), (TensorSpec("y", "float32", (None,)),))
    first, again = (make(signature, size=3, bound=5)["inputs"] for _ in range(2))
    assert first.shape == (32,)
    np.testing.assert_array_equal(first, again)
    assert serialise({"n": [4, 1], "t": [b"the", b"quick brown fox", b""]}) == first[0]


def test_example_kinds_in_recursive_functions_terminates() -> None:
    call = {"f": SimpleNamespace(func=SimpleNamespace(name="again"))}
    nodes = [SimpleNamespace(name="call", op="PartitionedCall", input=["text:0"], attr=call)]
    inside = [SimpleNamespace(name="call", op="PartitionedCall", input=["x", "^y"], attr=call)]
    again = SimpleNamespace(
        signature=SimpleNamespace(name="again", input_arg=[SimpleNamespace(name="x")]), node_def=inside
    )
    graph = SimpleNamespace(node=nodes, library=SimpleNamespace(function=[again]))
    tensors = {"inputs": SimpleNamespace(name="text:0")}
    meta = SimpleNamespace(graph_def=graph, signature_def={"serving_default": SimpleNamespace(inputs=tensors)})
    assert example_kinds(meta) == {}
