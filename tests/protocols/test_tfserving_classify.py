"""Test ``:classify`` and ``:regress`` of TensorFlow Serving."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from lightship.bundle import Manifest
from lightship.errors import InvalidInput
from lightship.protocols.tfserving.examples import decode_classify, decode_regress, encode_classify, encode_regress
from lightship.protocols.tfserving.predict import decode_predict
from lightship.tensors import Array, Signature, TensorSpec
from tests.protocols.conftest import AskJson
from tests.protocols.tfserving_calls import HALF, Decode, manifest, post, prediction
from tests.protocols.tfserving_cases import INF, NAN, texts

NAMES, RATINGS = TensorSpec("names", "string", (None, 2)), TensorSpec("ratings", "float32", (None, 2))
AGE, QUERY = TensorSpec("age", "int64", (None,)), TensorSpec("query", "string", (None,))
MIX, LIKED = TensorSpec("intboolmix", "int64", (None, 3)), TensorSpec("liked", "bool", (None, 2))
SCORES, VALUES = TensorSpec("scores", "float32", (None, 1)), TensorSpec("outputs", "float32", (None, 1))
BOTH = pytest.mark.parametrize("decode", [decode_classify, decode_regress])


def for_examples(*inputs: TensorSpec, name: str = "serving_default") -> Manifest:
    return manifest(Signature(name, inputs, (SCORES, VALUES)))


@BOTH
def test_examples_become_inputs_by_feature_name(decode: Decode) -> None:
    body = b"""{"examples": [{"names": ["foo", "bar"], "ratings": [8.0, 9.0], "age": 20},
                             {"names": ["baz", {"b64": "aGVsbG8="}], "ratings": [6.0, NaN], "age": [21]}]}"""
    inputs = decode(post(body), for_examples(NAMES, RATINGS, AGE)).inputs
    np.testing.assert_array_equal(inputs["names"], texts([[b"foo", b"bar"], [b"baz", b"hello"]]))
    np.testing.assert_array_equal(inputs["ratings"], np.float32([[8, 9], [6, NAN]]))
    np.testing.assert_array_equal(inputs["age"], np.int64([20, 21]))


@BOTH
def test_context_is_added_to_examples_and_booleans_become_integers(decode: Decode) -> None:
    body = b"""{"signature_name": "custom", "context": {"query": "pizza", "location": ["sfo"]},
                "examples": [{"ratings": [-Infinity, Infinity], "intboolmix": [1, true, false], "liked": [true, 0]},
                             {"ratings": [1, 2], "intboolmix": [1, 2, 3], "liked": [0, 1], "query": "pasta"}]}"""
    call = decode(post(body), for_examples(QUERY, RATINGS, MIX, LIKED, name="custom"))
    assert call.signature == "custom"
    np.testing.assert_array_equal(call.inputs["query"], texts([b"pizza", b"pasta"]))
    np.testing.assert_array_equal(call.inputs["ratings"], np.float32([[-INF, INF], [1, 2]]))
    np.testing.assert_array_equal(call.inputs["intboolmix"], np.int64([[1, 1, 0], [1, 2, 3]]))
    np.testing.assert_array_equal(call.inputs["liked"], [[True, False], [False, True]])


def test_feature_of_several_dimensions_is_reshaped() -> None:
    spec = TensorSpec("image", "float32", (None, 2, 2))
    call = decode_regress(post(b'{"examples": [{"image": [1, 2, 3, 4]}]}'), for_examples(spec))
    np.testing.assert_array_equal(call.inputs["image"], np.float32([[[1, 2], [3, 4]]]))


def test_example_with_table_columns_is_decoded() -> None:
    table = TensorSpec("features", "float32", (None, 2), kind={"type": "tabular", "columns": ["age", "income"]})
    call = decode_regress(post(b'{"examples": [{"income": 5, "age": [40]}]}'), for_examples(table))
    np.testing.assert_array_equal(call.inputs["features"], np.float32([[40, 5]]))
    rows = decode_predict(post(b'{"instances": [{"income": 5, "age": 40}]}'), for_examples(table))
    np.testing.assert_array_equal(rows.inputs["features"], np.float32([[40, 5]]))
    columns = decode_predict(post(b'{"inputs": {"income": [5, 6], "age": [40, 41]}}'), for_examples(table))
    np.testing.assert_array_equal(columns.inputs["features"], np.float32([[40, 5], [41, 6]]))


def test_feature_of_several_dimensions_with_missing_values_is_refused() -> None:
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
def test_invalid_examples_are_refused_with_message_of_tfserving(decode: Decode, body: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(post(body), for_examples(NAMES, AGE))
    assert sentence in caught.value.message


@BOTH
def test_serialised_examples_are_refused(decode: Decode) -> None:
    serialised = for_examples(TensorSpec("inputs", "string", (None,)))
    with pytest.raises(InvalidInput, match="tf.Example"):
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
def test_classify_response_has_labels_and_scores(outputs: dict[str, Array], specs: Any, expected: Any) -> None:
    response = encode_classify(prediction(outputs, specs))
    assert repr(json.loads(response.body)) == repr({"results": expected})


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.float32([0.2, 0.9, 1.0]), [0.2, 0.9, 1.0]),
        (np.float32([[0.2], [INF], [1.0], [-INF], [NAN]]), [0.2, INF, 1.0, -INF, NAN]),
    ],
)
def test_regress_response_has_values(array: Array, expected: Any) -> None:
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
def test_outputs_unsuitable_for_method_are_refused(encode: Any, outputs: dict[str, Array], sentence: str) -> None:
    spec = TensorSpec("scores", "float32", (None, None))
    with pytest.raises(InvalidInput, match=sentence):
        encode(prediction(outputs, (spec,)))


def test_signature_unsuitable_for_method_is_refused() -> None:
    plain = manifest(Signature("serving_default", (AGE,), (RATINGS, NAMES)))
    body = post(b'{"examples": [{"age": 1}]}')
    with pytest.raises(InvalidInput, match='at least one of "classes" or "scores"'):
        decode_classify(body, plain)
    with pytest.raises(InvalidInput, match="No regression outputs found"):
        decode_regress(body, plain)


ANSWERED: list[tuple[str, bytes, Any]] = [
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
]


@pytest.mark.parametrize(("path", "body", "expected"), ANSWERED)
def test_classify_and_regress_return_results(ask_json: AskJson, path: str, body: bytes, expected: Any) -> None:
    assert ask_json("POST", path, body) == (200, expected)


def test_classify_with_infinite_logits_returns_nan(ask_json: AskJson) -> None:
    _, record = ask_json("POST", "/v1/models/scorer:classify", b'{"examples": [{"x": [Infinity, 0.0]}]}')
    assert repr(record) == repr({"results": [[["low", NAN], ["high", NAN]]]})
