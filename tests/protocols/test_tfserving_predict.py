"""Test ``:predict`` of TensorFlow Serving by the cases of json_tensor_test.cc."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

from lightship.errors import InvalidInput
from lightship.protocols.tfserving.predict import decode_predict, encode_predict
from lightship.tensors import Signature
from tests.protocols.conftest import AskJson
from tests.protocols.tfserving_calls import HALF, manifest, post, prediction
from tests.protocols.tfserving_cases import ANSWERS, INF, INTS, NAN, REFUSALS, REQUESTS, UNANSWERABLE


@pytest.mark.parametrize("name", REQUESTS)
def test_request_becomes_tensors(name: str) -> None:
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


def test_signature_name_selects_signature() -> None:
    other = Signature("predict_images", INTS.inputs, INTS.outputs)
    body = b'{"signature_name": "predict_images", "instances": [[1,2]]}'
    assert decode_predict(post(body), manifest(INTS, other)).signature == "predict_images"
    empty = b'{"signature_name": "", "instances": [[1,2]]}'
    assert decode_predict(post(empty), manifest(INTS, other)).signature == "serving_default"


def test_serving_default_selects_default_signature_of_any_name() -> None:
    body = b'{"signature_name": "serving_default", "instances": [[1,2]]}'
    other = Signature("main", INTS.inputs, INTS.outputs)
    assert decode_predict(post(body), manifest(other)).signature == "main"


@pytest.mark.parametrize("name", REFUSALS)
def test_invalid_request_is_refused_with_message_of_tfserving(name: str) -> None:
    signature, body, sentence = REFUSALS[name]
    start = time.perf_counter()
    with pytest.raises(InvalidInput) as caught:
        decode_predict(post(body), manifest(signature))
    assert sentence in caught.value.message
    assert len(caught.value.message) < 1000
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("name", ANSWERS)
def test_outputs_become_response(name: str) -> None:
    form, outputs, expected = ANSWERS[name]
    response = encode_predict(prediction(outputs, format=form))
    assert response.status == 200
    assert repr(json.loads(response.body)) == repr(expected)  # repr: a NaN is not equal to itself


@pytest.mark.parametrize("name", UNANSWERABLE)
def test_outputs_without_rows_are_refused(name: str) -> None:
    outputs, sentence = UNANSWERABLE[name]
    with pytest.raises(InvalidInput, match=sentence):
        encode_predict(prediction(outputs, format="rows"))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"instances = [1, 2]", "JSON Parse error: Invalid value"),
        (b'{"instances": ["x", "y"]}', "not of expected type: float"),
        (b'{"signature_name": 100}', "'signature_name' key must be a string value."),
        (b'{"instances": [[1.0, 2.0]]}', "[any, 1], got [1, 2]"),
    ],
)
def test_invalid_body_is_400(ask_json: AskJson, body: bytes, sentence: str) -> None:
    status, record = ask_json("POST", HALF + ":predict", body)
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
def test_predict_returns_predictions(ask_json: AskJson, path: str, body: bytes, expected: Any) -> None:
    assert ask_json("POST", path, body) == (200, expected)


def test_predict_with_nan_output_returns_token(ask_json: AskJson) -> None:
    _, record = ask_json("POST", "/v1/models/roots:predict", b'{"instances": [[-1, 4]]}')
    assert repr(record) == repr({"predictions": [[NAN, 2.0]]})
