"""TensorFlow Serving's REST protocol: every case its own tests assert, over pure functions and over real models."""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lightship.answer import Service, answer
from lightship.bundle import Manifest
from lightship.calls import Call, ModelState, Prediction, Result, VersionState
from lightship.errors import InvalidInput, LightshipError, NotFound, Unavailable
from lightship.registry import Registry
from lightship.serving.catalogue import Catalogue
from lightship.tensors import Array, Signature, TensorSpec
from lightship.wire import tfserving
from lightship.wire.http import Request
from lightship.wire.tfserving_examples import decode_classify, decode_regress, encode_classify, encode_regress
from lightship.wire.tfserving_predict import decode_predict, encode_predict
from tests.bundles import Registries
from tests.wire.tfserving_cases import ANSWERS, INF, INTS, NAN, REFUSALS, REQUESTS, UNANSWERABLE, texts

HALF = "/v1/models/half_plus_two"
Ask = Callable[..., tuple[int, Any]]
Decode = Callable[[Request, Manifest], Call]


def manifest(*signatures: Signature) -> Manifest:
    return Manifest("litert", signatures, {})


def post(body: bytes) -> Request:
    return Request("POST", "/v1/models/any:predict", body=body)


def prediction(outputs: dict[str, Array], specs: tuple[TensorSpec, ...] = (), **parameters: Any) -> Prediction:
    result = Result(Call({}, parameters=parameters), Signature("serving_default", (), specs), outputs)
    return Prediction("any", 1, result)


# --- json_tensor_test.cc ---


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_becomes_tensors(name: str) -> None:
    signature, body, expected = REQUESTS[name]
    call = decode_predict(post(body), manifest(signature))
    assert call.parameters["format"] == ("rows" if b"instances" in body else "columns")
    assert call.inputs.keys() == expected.keys()
    for key, array in expected.items():
        assert call.inputs[key].dtype == array.dtype
        assert call.inputs[key].shape == array.shape
        np.testing.assert_array_equal(call.inputs[key], array)
        if array.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(call.inputs[key]), np.signbit(array))


def test_a_signature_by_name() -> None:
    other = Signature("predict_images", INTS.inputs, INTS.outputs)
    body = b'{"signature_name": "predict_images", "instances": [[1,2]]}'
    assert decode_predict(post(body), manifest(INTS, other)).signature == "predict_images"
    empty = b'{"signature_name": "", "instances": [[1,2]]}'
    assert decode_predict(post(empty), manifest(INTS, other)).signature == "serving_default"


def test_serving_default_is_the_default_whatever_the_model_calls_it() -> None:
    body = b'{"signature_name": "serving_default", "instances": [[1,2]]}'
    other = Signature("main", INTS.inputs, INTS.outputs)
    assert decode_predict(post(body), manifest(other)).signature == "main"


@pytest.mark.parametrize("name", REFUSALS)
def test_a_request_is_refused_with_its_words(name: str) -> None:
    signature, body, sentence = REFUSALS[name]
    start = time.perf_counter()
    with pytest.raises(InvalidInput) as caught:
        decode_predict(post(body), manifest(signature))
    assert sentence in caught.value.message
    assert len(caught.value.message) < 1000
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("name", ANSWERS)
def test_outputs_become_an_answer(name: str) -> None:
    form, outputs, expected = ANSWERS[name]
    response = encode_predict(prediction(outputs, format=form))
    assert response.status == 200
    assert repr(json.loads(response.body)) == repr(expected)  # repr: a NaN is not equal to itself


@pytest.mark.parametrize("name", UNANSWERABLE)
def test_outputs_that_have_no_rows_to_show(name: str) -> None:
    outputs, sentence = UNANSWERABLE[name]
    with pytest.raises(InvalidInput, match=sentence):
        encode_predict(prediction(outputs, format="rows"))


NAMES, RATINGS = TensorSpec("names", "string", (None, 2)), TensorSpec("ratings", "float32", (None, 2))
AGE, QUERY = TensorSpec("age", "int64", (None,)), TensorSpec("query", "string", (None,))
MIX, LIKED = TensorSpec("intboolmix", "int64", (None, 3)), TensorSpec("liked", "bool", (None, 2))
SCORES, VALUES = TensorSpec("scores", "float32", (None, 1)), TensorSpec("outputs", "float32", (None, 1))
BOTH = pytest.mark.parametrize("decode", [decode_classify, decode_regress])


def for_examples(*inputs: TensorSpec, name: str = "serving_default") -> Manifest:
    return manifest(Signature(name, inputs, (SCORES, VALUES)))


@BOTH
def test_examples_become_inputs_by_their_features_names(decode: Decode) -> None:
    body = b"""{"examples": [{"names": ["foo", "bar"], "ratings": [8.0, 9.0], "age": 20},
                             {"names": ["baz", {"b64": "aGVsbG8="}], "ratings": [6.0, NaN], "age": [21]}]}"""
    inputs = decode(post(body), for_examples(NAMES, RATINGS, AGE)).inputs
    np.testing.assert_array_equal(inputs["names"], texts([[b"foo", b"bar"], [b"baz", b"hello"]]))
    np.testing.assert_array_equal(inputs["ratings"], np.float32([[8, 9], [6, NAN]]))
    np.testing.assert_array_equal(inputs["age"], np.int64([20, 21]))


@BOTH
def test_context_is_in_every_example_and_booleans_are_integers(decode: Decode) -> None:
    body = b"""{"signature_name": "custom", "context": {"query": "pizza", "location": ["sfo"]},
                "examples": [{"ratings": [-Infinity, Infinity], "intboolmix": [1, true, false], "liked": [true, 0]},
                             {"ratings": [1, 2], "intboolmix": [1, 2, 3], "liked": [0, 1], "query": "pasta"}]}"""
    call = decode(post(body), for_examples(QUERY, RATINGS, MIX, LIKED, name="custom"))
    assert call.signature == "custom"
    np.testing.assert_array_equal(call.inputs["query"], texts([b"pizza", b"pasta"]))
    np.testing.assert_array_equal(call.inputs["ratings"], np.float32([[-INF, INF], [1, 2]]))
    np.testing.assert_array_equal(call.inputs["intboolmix"], np.int64([[1, 1, 0], [1, 2, 3]]))
    np.testing.assert_array_equal(call.inputs["liked"], [[True, False], [False, True]])


def test_a_feature_of_several_dimensions_is_flat() -> None:
    spec = TensorSpec("image", "float32", (None, 2, 2))
    call = decode_regress(post(b'{"examples": [{"image": [1, 2, 3, 4]}]}'), for_examples(spec))
    np.testing.assert_array_equal(call.inputs["image"], np.float32([[[1, 2], [3, 4]]]))


def test_an_example_of_a_tables_columns() -> None:
    table = TensorSpec("features", "float32", (None, 2), kind={"type": "tabular", "columns": ["age", "income"]})
    call = decode_regress(post(b'{"examples": [{"income": 5, "age": [40]}]}'), for_examples(table))
    np.testing.assert_array_equal(call.inputs["features"], np.float32([[40, 5]]))
    rows = decode_predict(post(b'{"instances": [{"income": 5, "age": 40}]}'), for_examples(table))
    np.testing.assert_array_equal(rows.inputs["features"], np.float32([[40, 5]]))
    columns = decode_predict(post(b'{"inputs": {"income": [5, 6], "age": [40, 41]}}'), for_examples(table))
    np.testing.assert_array_equal(columns.inputs["features"], np.float32([[40, 5], [41, 6]]))


def test_a_feature_of_several_dimensions_has_all_its_values() -> None:
    spec = TensorSpec("image", "float32", (None, 2, 2))
    with pytest.raises(InvalidInput, match="Feature: image must have"):
        decode_regress(post(b'{"examples": [{"image": [1, 2, 3]}]}'), for_examples(spec))


@BOTH
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"signature_name": ["hello"], "examples": [{"names": ["foo"]}]}', "'signature_name' key must be a string"),
        (b'{"context": [{"names": ["foo"]}]}', "Example must be JSON object but got JSON Array"),
        (b'{"context": {}}', "key 'examples' is expected and was not found"),
        (b'{"examples": {"names": ["foo"]}}', "Expecting 'examples' value to be an list/array"),
        (b'{"examples": []}', "'examples' value is an empty array"),
        (b'{"examples": [[{"names": ["foo"]}]]}', "Example must be JSON object"),
        (b'{"examples": [{"names": [10, null]}]}', "Feature: names has element with unexpected JSON type: Null"),
        (b'{"examples": [{"names": [10, 10.0]}]}', "Unexpected element type in feature: names expecting type: int64"),
        (b'{"examples": [{"names": [10, {"test": 10}]}]}', "names has element with unexpected JSON type: Object"),
        (b'{"examples": [{"names": [[10], 20]}]}', "names has element with unexpected JSON type: Array"),
        (b'{"examples": [{"names": [20, 18446744073709551603]}]}', "Only int64_t is supported"),
        (b'{"examples": [{"names": ["a", "b"]}]}', "Feature: age (data type: int64) is required"),
        (b'{"examples": [{"names": ["a", "b"], "age": [1, 2]}]}', "Feature: age must have one value"),
        (b'{"examples": [{"names": ["a", "b"], "age": 1.0}]}', "JSON Value: 1.0 Type: Number is not of expected type"),
        (b'{"examples": [{"names": ["a", "b"], "age": 1}, {"names": "a", "age": 1}]}', "Expecting tensor size: 2"),
    ],
)
def test_examples_are_refused_with_its_words(decode: Decode, body: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(post(body), for_examples(NAMES, AGE))
    assert sentence in caught.value.message


@BOTH
def test_serialised_examples_are_refused_in_one_sentence(decode: Decode) -> None:
    serialised = for_examples(TensorSpec("inputs", "string", (None,)))
    with pytest.raises(InvalidInput, match="takes serialized tf.Example messages, which are not made here"):
        decode(post(b'{"examples": [{"x": 1.0}]}'), serialised)


CLASSES = texts([[b"car", b"bike", b"bus"]] * 2)
TABLE = np.float32([[0.2, 0.7, 0.1], [0.7, 0.1, 0.2]])


@pytest.mark.parametrize(
    ("outputs", "specs", "expected"),
    [
        (
            {"classes": CLASSES, "scores": TABLE},
            (),
            [[["car", 0.2], ["bike", 0.7], ["bus", 0.1]], [["car", 0.7], ["bike", 0.1], ["bus", 0.2]]],
        ),
        ({"scores": TABLE[:1]}, (TensorSpec("scores", "float32", (None, 3)),), [[["", 0.2], ["", 0.7], ["", 0.1]]]),
        ({"classes": CLASSES[:1]}, (), [[["car", 0.0], ["bike", 0.0], ["bus", 0.0]]]),
        (
            {"scores": np.float32([[NAN, INF]])},
            (TensorSpec("scores", "float32", (None, 2), classes=("a", "b")),),
            [[["a", NAN], ["b", INF]]],
        ),
        (
            {"p": np.float32([[0.25]])},
            (TensorSpec("p", "float32", (None, 1), classes=("no", "yes")),),
            [[["no", 0.75], ["yes", 0.25]]],
        ),
    ],
)
def test_classes_with_their_scores(outputs: dict[str, Array], specs: Any, expected: Any) -> None:
    response = encode_classify(prediction(outputs, specs))
    assert repr(json.loads(response.body)) == repr({"results": expected})


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.float32([0.2, 0.9, 1.0]), [0.2, 0.9, 1.0]),
        (np.float32([[0.2], [INF], [1.0], [-INF], [NAN]]), [0.2, INF, 1.0, -INF, NAN]),
    ],
)
def test_values_of_a_regression(array: Array, expected: Any) -> None:
    assert repr(json.loads(encode_regress(prediction({"y": array})).body)) == repr({"results": expected})


@pytest.mark.parametrize(
    ("encode", "outputs", "sentence"),
    [
        (encode_classify, {"scores": np.zeros((0, 2), np.float32)}, "empty ClassificationResults"),
        (encode_regress, {"y": np.zeros(0, np.float32)}, "empty RegressionResults"),
        (
            encode_classify,
            {"scores": np.float32([1])},
            r"Expected Tensor shape: \[batch_size num_classes\] but got \[1\]",
        ),
        (encode_classify, {"scores": np.int32([[1]])}, "Expected scores Tensor of DT_FLOAT"),
        (encode_classify, {"classes": np.int32([[1]])}, "Expected classes Tensor of DT_STRING"),
        (encode_classify, {"classes": CLASSES, "scores": TABLE[:, :2]}, r"should match in dim_size\(1\). Got 3 vs. 2"),
        (encode_regress, {"y": TABLE}, r"either \[batch_size\] or \[batch_size, 1\] but got \[2,3\]"),
        (encode_regress, {"y": np.int32([1])}, "Expected output Tensor of DT_FLOAT"),
    ],
)
def test_results_that_are_none(encode: Any, outputs: dict[str, Array], sentence: str) -> None:
    spec = TensorSpec("scores", "float32", (None, None))
    with pytest.raises(InvalidInput, match=sentence):
        encode(prediction(outputs, (spec,)))


def test_a_signature_without_classes_or_values() -> None:
    plain = manifest(Signature("serving_default", (AGE,), (RATINGS, NAMES)))
    body = post(b'{"examples": [{"age": 1}]}')
    with pytest.raises(InvalidInput, match='at least one of "classes" or "scores"'):
        decode_classify(body, plain)
    with pytest.raises(InvalidInput, match="No regression outputs found"):
        decode_regress(body, plain)


@pytest.mark.parametrize("sentence", ['Bad key: "key"', "Bad key: 'key'"])
def test_an_error_is_an_object_with_one_text(sentence: str) -> None:
    response = tfserving.encode_error(InvalidInput(sentence))
    assert (response.status, json.loads(response.body)) == (400, {"error": sentence})
    assert response.headers == {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotFound("x"), 404), (Unavailable("x"), 503), (LightshipError("x"), 500), (InvalidInput("x"), 400)],
)
def test_the_status_of_an_error(error: LightshipError, status: int) -> None:
    assert tfserving.encode_error(error).status == status


# --- http_rest_api_handler_test.cc and http_rest_api_util_test.cc, over real models ---


@pytest.fixture(scope="module")
def ask(registries: Registries) -> Ask:
    service = Service(Catalogue(Registry(str(registries.small))))

    def ask(method: str, path: str, body: bytes = b"", caller: str | None = "me") -> tuple[int, Any]:
        response = asyncio.run(answer(service, Request(method, path, body=body, caller=caller)))
        assert response is not None
        assert response.headers["content-type"] == "application/json"
        return response.status, json.loads(response.body)

    return ask


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
        ("POST", "/v1/models/foo:predict\n", "Malformed request"),
        ("POST", HALF + "/labels/nonexistent:predict", "has no label 'nonexistent'"),
        ("GET", HALF + "/labels/nonexistent", "has no label 'nonexistent'"),
    ],
)
def test_a_malformed_request(ask: Ask, method: str, path: str, sentence: str) -> None:
    status, record = ask(method, path, b'{"instances": ["x", "y"]}')
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
def test_what_a_path_names(path: str, parameters: dict[str, str], end: str) -> None:
    from lightship import wire

    found = wire.match("POST" if end.startswith(":") else "GET", path + end)
    assert found is not None
    assert found[0].path == "/v1/models/{name}" + end
    assert {key: value for key, value in found[1].items() if value is not None} == parameters


@pytest.mark.parametrize("path", ["foo:predict", "foo/versions/50:predict", "half_plus_two99:predict"])
def test_a_model_that_is_not_there(ask: Ask, path: str) -> None:
    assert ask("POST", "/v1/models/" + path, b'{"instances": [1]}')[0] == 404
    assert ask("POST", HALF + "/versions/99:predict", b'{"instances": [1]}')[0] == 404
    assert ask("GET", HALF + "/versions/99")[0] == 404
    assert ask("GET", "/v1/models/nobody/metadata")[0] == 404


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"instances = [1, 2]", "JSON Parse error: Invalid value"),
        (b'{"instances": ["x", "y"]}', "not of expected type: float"),
        (b'{"signature_name": 100}', "'signature_name' key must be a string value."),
        (b'{"instances": [[1.0, 2.0]]}', "must have shape [any, 1], got [1, 2]"),
    ],
)
def test_a_body_that_is_refused(ask: Ask, body: bytes, sentence: str) -> None:
    status, record = ask("POST", HALF + ":predict", body)
    assert status == 400
    assert list(record) == ["error"]
    assert sentence in record["error"]


ANSWERED: list[tuple[str, bytes, Any]] = [
    ("/v1/models/modes:predict", b'{"instances": [[1.0, 2.0], [3.0, 4.0]]}', {"predictions": [[2, 4], [6, 8]]}),
    (HALF + ":predict", b'{"instances": [[1.0], [2.0]]}', {"predictions": [[2.5], [3.0]]}),
    (HALF + "/versions/1:predict", b'{"instances": [1.0, 2.0]}', {"predictions": [2.5, 3.0]}),
    (
        HALF + "/versions/1:predict",
        b'{"signature_name": "serving_default", "instances": [3.0, 4.0]}',
        {"predictions": [3.5, 4.0]},
    ),
    (
        HALF + "/versions/1:predict",
        b'{"signature_name": "serving_default", "inputs": [3.0, 4.0]}',
        {"outputs": [3.5, 4.0]},
    ),
    (HALF + ":predict", b'{"inputs": [-Infinity, Infinity]}', {"outputs": [-INF, INF]}),
    (
        HALF + ":regress",
        b'{"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}]}',
        {"results": [42]},
    ),
    (
        HALF + "/versions/1:regress",
        b'{"signature_name": "regress_x_to_y", "context": {"x": 80}, "examples": [{}]}',
        {"results": [42]},
    ),
    (
        HALF + ":classify",
        b'{"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}]}',
        {"results": [[["", 12]]]},
    ),
    (
        "/v1/models/scorer:classify",
        b'{"examples": [{"x": [0, 1000]}]}',
        {"results": [[["low", 0.0], ["high", 1.0]]]},
    ),
    (
        "/v1/models/pair:predict",
        b'{"instances": [{"a": [1, 2], "b": [10]}, {"a": [3, 4], "b": [20]}]}',
        {"predictions": [{"sum": [11, 12], "product": [10, 20]}, {"sum": [23, 24], "product": [60, 80]}]},
    ),
    (
        "/v1/models/pair:predict",
        b'{"inputs": {"a": [[1, 2], [3, 4]], "b": [[10], [20]]}}',
        {"outputs": {"sum": [[11, 12], [23, 24]], "product": [[10, 20], [60, 80]]}},
    ),
    ("/v1/models/counts:predict", b'{"instances": [[1, 2, 3]]}', {"predictions": [[2, 4, 6]]}),
    ("/v1/models/flags:predict", b'{"instances": [[true, false]]}', {"predictions": [[False, True]]}),
    (
        "/v1/models/words:predict",
        b'{"instances": ["ahoy", {"b64": "/w=="}]}',
        {"predictions": ["AHOY", {"b64": "/w=="}]},
    ),
]


@pytest.mark.parametrize(("path", "body", "expected"), ANSWERED)
def test_an_answer(ask: Ask, path: str, body: bytes, expected: Any) -> None:
    assert ask("POST", path, body) == (200, expected)


def test_an_output_that_is_not_finite(ask: Ask) -> None:
    _, record = ask("POST", "/v1/models/scorer:classify", b'{"examples": [{"x": [Infinity, 0.0]}]}')
    assert repr(record) == repr({"results": [[["low", NAN], ["high", NAN]]]})
    _, record = ask("POST", "/v1/models/roots:predict", b'{"instances": [[-1, 4]]}')
    assert repr(record) == repr({"predictions": [[NAN, 2.0]]})


OK = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}


@pytest.mark.parametrize("path", [HALF, HALF + "/versions/1"])
def test_status(ask: Ask, path: str) -> None:
    assert ask("GET", path) == (200, {"model_version_status": [OK]})


def test_the_status_of_what_cannot_answer() -> None:
    states = (VersionState("m", 3, "failed", "it is broken"), VersionState("m", 4, "withdrawn"))
    failed, gone = json.loads(tfserving.encode_status(states).body)["model_version_status"]
    assert failed == {
        "version": "3",
        "state": "END",
        "status": {"error_code": "UNKNOWN", "error_message": "it is broken"},
    }
    assert gone["state"] == "END"


def test_metadata(ask: Ask) -> None:
    def tensor(name: str, dtype: str = "DT_FLOAT") -> dict[str, Any]:
        sizes = [{"size": "-1", "name": ""}, {"size": "1", "name": ""}]
        return {"dtype": dtype, "tensor_shape": {"dim": sizes, "unknown_rank": False}, "name": f"{name}:0"}

    status, record = ask("GET", HALF + "/metadata")
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
    words = ask("GET", "/v1/models/words/versions/1/metadata")[1]["metadata"]["signature_def"]["signature_def"]
    assert words["serving_default"]["inputs"]["word"]["dtype"] == "DT_STRING"


def test_the_metadata_of_what_cannot_answer() -> None:
    with pytest.raises(Unavailable, match="it is broken"):
        tfserving.encode_metadata(ModelState("m", 1, (1,), error="it is broken"))


def test_a_stranger_and_a_strange_method(ask: Ask) -> None:
    assert ask("POST", HALF + ":predict", b"{}", caller=None)[0] == 401
    assert ask("GET", "/v1/foo", caller=None)[0] == 401
    assert ask("DELETE", HALF)[0] == 405


def test_openapi_has_the_paths_of_models_that_can_answer_them(registries: Registries) -> None:
    states = Catalogue(Registry(str(registries.small))).states()
    paths: dict[str, Any] = {}
    for route in tfserving.PROTOCOL.routes:
        paths |= route.describe(route, states)
    assert {"/v1/models/{name}", "/v1/models/{name}/metadata", "/v1/models/pair:predict"} <= paths.keys()
    assert {HALF + ":regress", "/v1/models/scorer:classify"} <= paths.keys()
    assert "/v1/models/pair:classify" not in paths
    schema = paths["/v1/models/counts:predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    rows = schema["oneOf"][0]["properties"]["instances"]["items"]
    assert (rows["minItems"], rows["items"]["type"], rows["items"]["maximum"]) == (3, "integer", 2**31 - 1)


def test_the_protocol_imports_no_framework() -> None:
    code = "import sys, lightship.wire.tfserving; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(run.stdout.split()) & {"fastapi", "starlette", "tensorflow", "PIL", "ai_edge_litert"}


@pytest.mark.parametrize("seed", range(4))
def test_no_body_gives_a_5xx(ask: Ask, seed: int) -> None:
    """A few hundred bodies with something wrong in them: values swapped, bytes flipped, cut, doubled."""
    chance = random.Random(seed)
    oddities: list[Any] = [None, True, "", "x", 0, -1, 2**64, 1e308, NAN, -INF, 1.5, [], {}, [[]], {"b64": ""}, [[[1]]]]
    names = ["pair", "modes", "counts", "flags", "words", "scorer", "half_plus_two"]
    for _ in range(300):
        value = chance.choice([*oddities, [chance.choice(oddities) for _ in range(chance.randint(0, 4))]])
        named = {chance.choice(["a", "b", "x", "n", "f", "word"]): value}
        content = chance.choice([value, named, [named], [value], [named, value], [named, named]])
        body = {chance.choice(["instances", "inputs", "examples", "context"]): content for _ in range(2)}
        extra = chance.choice([{}, {}, {"signature_name": value}, {"signature_name": "halve"}])
        path = f"/v1/models/{chance.choice(names)}:{chance.choice(['predict', 'classify', 'regress'])}"
        data = bytearray(json.dumps(body | extra).encode())
        if chance.random() < 0.5:
            path, right, _ = chance.choice(ANSWERED)
            odd = json.dumps(chance.choice(oddities)).encode()
            data = bytearray(
                re.sub(rb"[0-9.]+", lambda found, odd=odd: chance.choice([found[0], found[0], odd]), right)
            )
        for _ in range(chance.choice([0, 0, 1, 5])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        status, record = ask("POST", path, bytes(data[: chance.randint(len(data) // 2, len(data) * 4)]))
        assert status < 500, bytes(data)
        assert status == 200 or list(record) == ["error"]
