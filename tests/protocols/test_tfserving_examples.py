"""Test serialised tf.Example messages against TensorFlow's own classes."""

from __future__ import annotations

import random
import string
from typing import Any

import numpy as np
import pytest

from lightship.bundle import Manifest
from lightship.errors import InvalidInput
from lightship.inputs.example import serialise
from lightship.protocols.http import Request
from lightship.protocols.tfserving.examples import decode_classify, decode_regress
from lightship.tensors import Signature, TensorSpec

FEATURES = {
    "weight": {"dtype": "float32", "shape": [1]},
    "count": {"dtype": "int64", "shape": [None]},
    "name": {"dtype": "string", "shape": [1]},
}
INPUTS = TensorSpec("inputs", "string", (None,), {"type": "example", "features": FEATURES})
SCORES, VALUES = TensorSpec("scores", "float32", (None, 1)), TensorSpec("outputs", "float32", (None, 1))
MANIFEST = Manifest("tensorflow", (Signature("serving_default", (INPUTS,), (SCORES, VALUES)),), {})
BOTH = pytest.mark.parametrize("decode", [decode_classify, decode_regress])


def read(message: bytes) -> dict[str, tuple[str, list[Any]]]:
    """Return each feature's type and values as TensorFlow reads them.

    A feature without values has no type.
    """
    from tensorflow.core.example.example_pb2 import Example

    read = {}
    for name, feature in Example.FromString(message).features.feature.items():
        kind = feature.WhichOneof("kind") or ""
        read[name] = (kind, list(getattr(feature, kind).value) if kind else [])
    return read


def decoded(decode: Any, body: bytes) -> list[dict[str, tuple[str, list[Any]]]]:
    call = decode(Request("POST", "/v1/models/any:regress", body=body), MANIFEST)
    assert call.inputs.keys() == {"inputs"}
    assert call.inputs["inputs"].dtype == np.object_
    return [read(message) for message in call.inputs["inputs"]]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 1, -1, 127, 128, 2**31, 2**63 - 1, -(2**63)], "int64_list"),
        ([0.0, -0.0, 1.5, 3.0e38, float("inf"), float("-inf")], "float_list"),
        ([b"", b"\x00\xff", "größer".encode(), bytes(70_000)], "bytes_list"),
        ([], ""),
    ],
)
def test_serialised_values_are_read_by_tensorflow(values: list[Any], kind: str) -> None:
    found = read(serialise({"größe": values, "": [1]}))
    assert found.keys() == {"größe", ""}
    assert found["größe"][0] == kind
    np.testing.assert_array_equal(np.array(found["größe"][1]), np.array(values, np.float32 if "fl" in kind else None))


def test_serialised_float_beyond_float32_is_infinity_and_nan_is_kept() -> None:
    assert read(serialise({"x": [1e39, -1e39]})) == {"x": ("float_list", [float("inf"), float("-inf")])}
    (_, (value,)) = read(serialise({"x": [float("nan")]}))["x"]
    assert np.isnan(value)


def test_random_examples_are_read_by_tensorflow() -> None:
    chance = random.Random(20)
    kinds = {
        "int64_list": lambda: chance.randrange(-(2**63), 2**63) >> chance.randrange(64),
        "bytes_list": lambda: chance.randbytes(chance.randrange(300)),
        "float_list": lambda: float(np.float32(chance.gauss(0, 1e3))),
    }
    for _ in range(100):
        names = ["".join(chance.choices(string.printable, k=chance.randrange(200))) for _ in range(chance.randrange(9))]
        chosen = {name: chance.choice(list(kinds)) for name in names}
        values = {name: [kinds[kind]() for _ in range(chance.randrange(1, 40))] for name, kind in chosen.items()}
        expected = {name: (kind, values[name]) for name, kind in chosen.items()}
        assert read(serialise(values)) == expected


@BOTH
def test_examples_become_messages(decode: Any) -> None:
    body = b"""{"examples": [{"weight": 1.5, "count": [1, true], "name": "Ann", "unknown": [2.5]},
                             {"weight": NaN, "count": [], "name": {"b64": "/w=="}}]}"""
    first, second = decoded(decode, body)
    assert first == {
        "weight": ("float_list", [1.5]),
        "count": ("int64_list", [1, 1]),
        "name": ("bytes_list", [b"Ann"]),
        "unknown": ("float_list", [2.5]),
    }
    assert np.isnan(second.pop("weight")[1][0])
    assert second == {"count": ("", []), "name": ("bytes_list", [b"\xff"])}


@BOTH
def test_context_is_added_to_messages_and_own_features_take_precedence(decode: Any) -> None:
    body = b'{"context": {"name": "all", "count": 3}, "examples": [{"name": "own"}, {}]}'
    assert decoded(decode, body) == [
        {"name": ("bytes_list", [b"own"]), "count": ("int64_list", [3])},
        {"name": ("bytes_list", [b"all"]), "count": ("int64_list", [3])},
    ]


@BOTH
def test_integers_become_floats_for_float_features(decode: Any) -> None:
    assert decoded(decode, b'{"examples": [{"weight": [80], "count": 80, "unknown": 80}]}') == [
        {"weight": ("float_list", [80.0]), "count": ("int64_list", [80]), "unknown": ("int64_list", [80])}
    ]


@BOTH
def test_feature_with_name_of_input_is_accepted(decode: Any) -> None:
    assert decoded(decode, b'{"examples": [{"inputs": "text"}]}') == [{"inputs": ("bytes_list", [b"text"])}]


@BOTH
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"examples": [{"name": {"b64": "?"}}]}', "Unable to base64 decode"),
        (b'{"examples": [{"weight": [1.0, "a"]}]}', "Unexpected element type in feature: weight expecting type: float"),
        (b'{"examples": [{"weight": null}]}', "Feature: weight has element with unexpected JSON type: Null"),
        (b'{"examples": []}', "'examples' value is an empty array"),
    ],
)
def test_invalid_examples_are_refused_with_message_of_tfserving(decode: Any, body: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        decoded(decode, body)
