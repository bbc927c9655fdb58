"""Test inference in the Open Inference Protocol: datatypes, errors and classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest

from lightship.calls import Call
from lightship.errors import InvalidInput
from lightship.protocols.openinference.binary import DATATYPES, from_bytes, to_bytes
from lightship.tensors import DTYPES, Array, TensorSpec
from tests.protocols.conftest import Ask
from tests.protocols.openinference_cases import LENGTH, PAIR, ROW, VALUES, array_of, decode, encode, manifest, sized

HUGE = [2**62] * 4


@pytest.mark.parametrize("dtype", DTYPES)
def test_each_datatype_is_decoded_and_encoded_as_json_and_binary(dtype: str) -> None:
    spec, array = TensorSpec("x", dtype, (None, 2)), array_of(dtype)
    item = {"name": "x", "datatype": DATATYPES[dtype], "shape": [2, 2]}
    flat, data = VALUES[dtype], to_bytes(array)
    binary = {**item, "parameters": {"binary_data_size": len(data)}}
    for call in (
        decode({"inputs": [{**item, "data": flat}]}, manifest(spec)),
        decode({"inputs": [{**item, "data": [flat[:2], flat[2:]]}]}, manifest(spec)),
        decode({"inputs": [binary]}, manifest(spec), data),
    ):
        assert call.inputs["x"].dtype == array.dtype
        np.testing.assert_array_equal(call.inputs["x"], array)
    (output,) = orjson.loads(encode(array, spec).body)["outputs"]
    if dtype == "string":
        assert output["data"] == flat
    else:
        np.testing.assert_array_equal(np.array(output["data"], dtype), array.ravel())
    assert {**item, "data": output["data"]} == output
    answer = encode(array, spec, Call({}, parameters={"binary_data_output": True}))
    length = int(answer.headers[LENGTH])
    assert orjson.loads(answer.body[:length])["outputs"] == [binary]
    np.testing.assert_array_equal(from_bytes(memoryview(answer.body)[length:], spec, (2, 2)), array)


def test_scalar_inputs_are_decoded_from_json_and_binary() -> None:
    model = manifest(*(TensorSpec(name, "int16", ()) for name in "abc"))
    items: list[dict[str, Any]] = [{"name": name, "datatype": "INT16", "shape": []} for name in "abc"]
    items[0]["parameters"] = items[2]["parameters"] = {"binary_data_size": 2}
    items[1]["data"] = [7]
    inputs = decode({"inputs": items}, model, b"\1\0\2\0").inputs
    assert {name: array.tolist() for name, array in inputs.items()} == {"a": 1, "b": 7, "c": 2}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[1]", "JSON object.*list"),
        ({}, '"inputs".* x'),
        ({"inputs": {}}, '"inputs".*objects'),
        ({"inputs": [1]}, '"inputs".*objects'),
        ({"inputs": [{}]}, '"inputs".* name'),
        ({"inputs": [{**ROW, "name": 1}]}, '"name".*string.*integer'),
        ({"inputs": [{**ROW, "name": "z"}]}, "input 'z'"),
        ({"inputs": [ROW, ROW]}, "input 'x'"),
        ({"inputs": [{**ROW, "datatype": "INT32"}]}, "'x'.*FP32.*'INT32'"),
        ({"inputs": [{**ROW, "datatype": ["FP32"]}]}, "'x'.*FP32"),
        ({"inputs": [{**ROW, "shape": None}]}, "'x'.*integers"),
        ({"inputs": [{**ROW, "shape": [-1, 2]}]}, "'x'.*integers"),
        ({"inputs": [{**ROW, "shape": [1.0, 2]}]}, "'x'.*integers"),
        ({"inputs": [{**ROW, "shape": [True, 2]}]}, "'x'.*integers"),
        ({"inputs": [{**ROW, "shape": [1, 3]}]}, r"'x'.*\[any, 2\].*\[1, 3\]"),
        ({"inputs": [{**ROW, "shape": [2]}]}, r"'x'.*\[any, 2\].*\[2\]"),
        ({"inputs": [{**ROW, "shape": HUGE}]}, r"'x'.*\[any, 2\]"),
        ({"inputs": [{**ROW, "shape": [2**63, 2]}]}, "'x'.* 2 values"),
        ({"inputs": [{**ROW, "shape": [0, 2], "data": []}]}, "'x'.*empty"),
        ({"inputs": [{**ROW, "data": None}]}, "'x'.*data.*list.*null"),
        ({"inputs": [{**ROW, "data": {"b64": "AA=="}}]}, "'x'.*data.*list.*object"),
        ({"inputs": [{**ROW, "data": [1]}]}, "'x'.* 1 values"),
        ({"inputs": [{**ROW, "data": []}]}, "'x'.* 0 values"),
        ({"inputs": [{**ROW, "data": [[1], [2]]}]}, "'x'.*nested"),
        ({"inputs": [{**ROW, "data": [[1, 2], [3]]}]}, "'x'.*nested"),
        ({"inputs": [{**ROW, "data": [[1, [2]]]}]}, "'x'.*numbers.*list"),
        ({"inputs": [{**ROW, "data": [[[1, 2]]]}]}, "'x'.*nested"),
        ({"inputs": [{**ROW, "data": ["1", 2]}]}, "'x'.*numbers.*string"),
        ({"inputs": [{**ROW, "data": [None, 2]}]}, "'x'.*missing"),
        ({"inputs": [{**ROW, "data": [True, 2]}]}, "'x'.*numbers.*boolean"),
        ({"inputs": [{**ROW, "data": [1e39, 2]}]}, "'x'.*FP32"),
        (b'{"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [NaN, 1]}]}', "JSON"),
        ({"inputs": [{**ROW, "parameters": 1}]}, '"parameters".*object'),
        ({"inputs": [{**ROW, "parameters": {"binary_data_size": 8}}]}, "'x'.*data.*binary_data_size"),
        ({"inputs": [{**ROW, "parameters": {"shared_memory_region": "r"}}]}, "'x'.*shared memory"),
        ({"inputs": [sized(8)]}, "'x'.*binary_data_size 8.* 0 bytes"),
        ({"inputs": [sized(-8)]}, "'x'.*binary_data_size.*negative"),
        ({"inputs": [sized(8.0)]}, '"binary_data_size".*integer'),
        ({"inputs": [sized(True)]}, '"binary_data_size".*integer.*boolean'),
        ({"inputs": [sized(2**63)]}, "'x'.*binary_data_size 9223372036854775808"),
        ({"inputs": [ROW], "id": 7}, '"id".*string.*integer'),
        ({"inputs": [ROW], "parameters": {"binary_data_output": "yes"}}, '"binary_data_output".*boolean'),
        ({"inputs": [ROW], "outputs": "y"}, '"outputs".*objects'),
        ({"inputs": [ROW], "outputs": [{"name": "z"}]}, "output 'z'"),
        ({"inputs": [ROW], "outputs": [{"name": "x"}] * 2}, "output 'x'"),
        ({"inputs": [ROW], "outputs": [{"name": "x", "parameters": {"binary_data": 1}}]}, '"binary_data".*boolean'),
        ({"inputs": [ROW], "outputs": [{"name": "x", "parameters": {"classification": -1}}]}, "output 'x'.*-1 classes"),
        (
            {"inputs": [ROW], "outputs": [{"name": "x", "parameters": {"classification": "1"}}]},
            '"classification".*integer',
        ),
        (
            {"inputs": [ROW], "outputs": [{"name": "x", "parameters": {"shared_memory_region": "r"}}]},
            "'x'.*shared memory",
        ),
    ],
)
def test_invalid_infer_request_is_refused(body: Any, named: str) -> None:
    with pytest.raises(InvalidInput, match=named) as caught:
        decode(body, manifest(TensorSpec("x", "float32", (None, 2))))
    assert len(caught.value.message) < 300


def test_booleans_and_integers_out_of_range_are_refused() -> None:
    item = {"name": "b", "datatype": "BOOL", "shape": [1], "parameters": {"binary_data_size": 1}}
    with pytest.raises(InvalidInput, match="'b'.*BOOL"):
        decode({"inputs": [item]}, manifest(TensorSpec("b", "bool", (None,))), b"\2")
    for value, named in [(128, "INT8"), (1.0, "integers")]:
        item = {"name": "i", "datatype": "INT8", "shape": [1], "data": [value]}
        with pytest.raises(InvalidInput, match=f"'i'.*{named}"):
            decode({"inputs": [item]}, manifest(TensorSpec("i", "int8", (None,))))


def test_long_string_among_numbers_is_refused_without_allocation() -> None:
    """Check before numpy, which would allocate 400 GB: each element as wide as it."""
    item = {**ROW, "shape": [50_001, 2], "data": ["x" * 1_000_000, 1] + [1] * 100_000}
    with pytest.raises(InvalidInput, match="'x'.*numbers.*string"):
        decode({"inputs": [item]}, manifest(TensorSpec("x", "float32", (None, 2))))


def classes(array: Array, spec: TensorSpec, count: int) -> Any:
    model = manifest(TensorSpec("x", "float32", (None, 2)), outputs=(spec,))
    call = decode({"inputs": [ROW], "outputs": [{"name": "y", "parameters": {"classification": count}}]}, model)
    (output,) = orjson.loads(encode(array, spec, call).body)["outputs"]
    assert output["datatype"] == "BYTES"
    assert len(output["data"]) == np.prod(output["shape"])
    return output["shape"], output["data"]


def test_classification_returns_top_classes() -> None:
    named = TensorSpec("y", "float32", (None, 3), classes=("low", "mid", "high"))
    array = np.float32([[0.25, 0.5, 0.25], [1, np.nan, 2]])
    assert classes(array, named, 2) == (
        [2, 2],
        ["0.500000:1:mid", "0.250000:0:low", "2.000000:2:high", "1.000000:0:low"],
    )
    assert classes(array[:1], named, 9) == ([1, 3], ["0.500000:1:mid", "0.250000:0:low", "0.250000:2:high"])
    assert classes(np.uint8([3, 255]), TensorSpec("y", "uint8", (2,)), 1) == ([1], ["255:1"])
    assert classes(np.array([[True]]), TensorSpec("y", "bool", (None, 1)), 1) == ([1, 1], ["1:0"])
    with pytest.raises(InvalidInput, match="'y'.*BYTES"):
        classes(np.array([b"a"], object), TensorSpec("y", "string", (None,)), 1)


def test_infer_returns_outputs(ask: Ask) -> None:
    product = {"name": "product", "datatype": "FP32", "shape": [1, 2], "data": [10, 20]}
    total = {"name": "sum", "datatype": "FP32", "shape": [1, 2], "data": [11, 12]}
    for path in ("/v2/models/pair/infer", "/v2/models/pair/versions/1/infer"):
        response = orjson.loads(ask("POST", path, PAIR).body)
        assert response == {"model_name": "pair", "model_version": "1", "id": "42", "outputs": [total, product]}
    response = orjson.loads(ask("POST", "/v2/models/pair/infer", {**PAIR, "outputs": [{"name": "product"}]}).body)
    assert response["outputs"] == [product]
    missing = ask("POST", "/v2/models/pair/infer", {"inputs": PAIR["inputs"][:1]})
    assert (missing.status, list(orjson.loads(missing.body))) == (400, ["error"])
    assert "'a'" in orjson.loads(missing.body)["error"]


def test_infer_with_signature_name_uses_signature(ask: Ask) -> None:
    body = {"inputs": [ROW], "parameters": {"signature_name": "halve"}}
    assert orjson.loads(ask("POST", "/v2/models/modes/infer", body).body)["outputs"][0]["data"] == [0.5, 1]
    body["parameters"] = {"signature_name": "nothing"}
    assert ask("POST", "/v2/models/modes/infer", body).status == 404


def test_infer_with_strings_and_booleans_returns_outputs(ask: Ask) -> None:
    word = {"name": "word", "datatype": "BYTES", "shape": [2], "data": ["ahoy", "é"]}
    assert orjson.loads(ask("POST", "/v2/models/words/infer", {"inputs": [word]}).body)["outputs"][0]["data"] == [
        "AHOY",
        "é",
    ]
    raw = ask("POST", "/v2/models/words/infer", b"ahoy \xff", inference_header_content_length="0")
    assert raw.body.endswith(b"\6\0\0\0AHOY \xff")
    flag = {"name": "f", "datatype": "BOOL", "shape": [1, 2], "data": [True, False]}
    assert orjson.loads(ask("POST", "/v2/models/flags/infer", {"inputs": [flag]}).body)["outputs"][0]["data"] == [
        False,
        True,
    ]
