"""The Open Inference Protocol: the pure functions over every datatype, and the routes over real models."""

from __future__ import annotations

import asyncio
import base64
import gzip
import random
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pytest

from lightship.answer import Service, answer
from lightship.app.shell import Shell
from lightship.bundle import Manifest
from lightship.calls import Call, Prediction, Result
from lightship.errors import InvalidInput, LightshipError
from lightship.handlers.gateway import Gateway
from lightship.registry import Registry
from lightship.serving.catalogue import Catalogue
from lightship.tensors import DTYPES, Array, Signature, TensorSpec
from lightship.wire.http import Request, Response
from lightship.wire.openinference import PROTOCOL
from lightship.wire.openinference_binary import DATATYPES, from_bytes, to_bytes
from lightship.wire.openinference_infer import decode_infer, encode_infer
from tests.bundles import Registries
from tests.test_imports import HEAVY, modules_after

LENGTH = "inference-header-content-length"


def manifest(*inputs: TensorSpec, outputs: tuple[TensorSpec, ...] = ()) -> Manifest:
    return Manifest("litert", (Signature("serving_default", inputs, outputs or inputs),), {})


def decode(body: Any, model: Manifest, tail: bytes = b"", **headers: str) -> Call:
    text = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    length = {LENGTH: str(len(text))} if tail else {}
    return decode_infer(Request("POST", "/v2/models/m/infer", headers=length | named, body=text + tail), model)


def encode(array: Array, spec: TensorSpec, call: Call | None = None) -> Response:
    signature = Signature("serving_default", (), (spec,))
    return encode_infer(Prediction("m", 3, Result(call or Call({}), signature, {spec.name: array})))


VALUES: dict[str, list[Any]] = {
    "bool": [True, False, False, True],
    "float16": [1.5, -2.0, 0.0, 65504.0],
    "float32": [1.5, -2, 0.1, 3e38],
    "float64": [1.5, -2, 0.1, 1e308],
    "string": ["ahoy", "", "é", "\0"],
    **{name: [0, 1, int(np.iinfo(name).min), int(np.iinfo(name).max)] for name in DTYPES if "int" in name},
}


def array_of(dtype: str) -> Array:
    values = [value.encode() for value in VALUES[dtype]] if dtype == "string" else VALUES[dtype]
    return np.array(values, DTYPES[dtype]).reshape(2, 2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_datatype_comes_in_flat_nested_and_binary_and_goes_out_both_ways(dtype: str) -> None:
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


def test_binary_data_is_little_endian_and_strings_have_their_length_before_them() -> None:
    assert to_bytes(np.array([1, 258], ">i4")) == b"\1\0\0\0\2\1\0\0"
    assert to_bytes(np.array([b"ab", b""], object)) == b"\2\0\0\0ab\0\0\0\0"


def test_a_scalar_and_several_inputs_some_binary_some_not() -> None:
    model = manifest(*(TensorSpec(name, "int16", ()) for name in "abc"))
    items: list[dict[str, Any]] = [{"name": name, "datatype": "INT16", "shape": []} for name in "abc"]
    items[0]["parameters"] = items[2]["parameters"] = {"binary_data_size": 2}
    items[1]["data"] = [7]
    inputs = decode({"inputs": items}, model, b"\1\0\2\0").inputs
    assert {name: array.tolist() for name, array in inputs.items()} == {"a": 1, "b": 7, "c": 2}


def test_nan_stays_in_binary_data_and_becomes_null_in_json() -> None:
    spec, array = TensorSpec("x", "float32", (None,)), np.float32([np.nan, np.inf, 1])
    item = {"name": "x", "datatype": "FP32", "shape": [3], "parameters": {"binary_data_size": 12}}
    np.testing.assert_array_equal(decode({"inputs": [item]}, manifest(spec), array.tobytes()).inputs["x"], array)
    assert orjson.loads(encode(array, spec).body)["outputs"][0]["data"] == [None, None, 1]
    assert encode(array, spec, Call({}, parameters={"binary_data_output": True})).body.endswith(array.tobytes())


def test_bytes_that_are_no_text_need_binary_data() -> None:
    spec, array = TensorSpec("x", "string", (None,)), np.array([b"\xff"], object)
    with pytest.raises(InvalidInput, match="ask for it with the parameter binary_data"):
        encode(array, spec)
    assert encode(array, spec, Call({}, parameters={"binary_data_output": True})).body.endswith(b"\1\0\0\0\xff")


@pytest.mark.parametrize(
    ("spec", "body", "expected"),
    [
        (TensorSpec("x", "float32", (None, 2)), np.float32([1, 2, 3, 4]).tobytes(), [[1, 2], [3, 4]]),
        (TensorSpec("x", "int8", (2, 1)), b"\1\2", [[1], [2]]),
        (TensorSpec("x", "int64", ()), b"\1" + bytes(7), 1),
        (TensorSpec("x", "string", (None,)), b"any \xff bytes", [b"any \xff bytes"]),
        (TensorSpec("x", "string", (None, 1)), b"", [[b""]]),
    ],
)
def test_a_raw_body_is_the_only_input(spec: TensorSpec, body: bytes, expected: Any) -> None:
    call = decode_infer(Request("POST", "/", headers={LENGTH: "0"}, body=body), manifest(spec))
    assert call.inputs["x"].tolist() == expected
    assert call.parameters["binary_data_output"] is True


@pytest.mark.parametrize(
    ("specs", "body", "sentence"),
    [
        ([TensorSpec("x", "float32", (None, 2))], b"1234", "takes 8 for each"),
        ([TensorSpec("x", "float32", (None, 2))], b"", "takes 8 for each"),
        ([TensorSpec("x", "int8", (2,))], b"1234", "has 4 bytes"),
        ([TensorSpec("x", "int8", (None, None))], b"1234", "does not say which shape"),
        ([TensorSpec("x", "string", (None, 2))], b"1234", "one element of BYTES"),
        ([TensorSpec("x", "int8", (None,)), TensorSpec("y", "int8", (None,))], b"1234", "this one has 2"),
    ],
)
def test_a_raw_body_that_does_not_fit(specs: list[TensorSpec], body: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        decode_infer(Request("POST", "/", headers={LENGTH: "0"}, body=body), manifest(*specs))


ROW = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}
HUGE = [2**62] * 4


def sized(size: Any, **fields: Any) -> dict[str, Any]:
    item = {**ROW, "parameters": {"binary_data_size": size}, **fields}
    del item["data"]
    return item


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"[1]", "must be a JSON object, got a list"),
        ({}, '"inputs" must be a list with x'),
        ({"inputs": {}}, '"inputs" must be a list of objects'),
        ({"inputs": [1]}, '"inputs" must be a list of objects'),
        ({"inputs": [{}]}, 'each of "inputs" must have a name'),
        ({"inputs": [{**ROW, "name": 1}]}, '"name" must be a string, got an integer'),
        ({"inputs": [{**ROW, "name": "z"}]}, "there is no input 'z': the inputs are x"),
        ({"inputs": [ROW, ROW]}, "input 'x' is there twice"),
        ({"inputs": [{**ROW, "datatype": "INT32"}]}, "must have datatype FP32, got 'INT32'"),
        ({"inputs": [{**ROW, "datatype": ["FP32"]}]}, "must have datatype FP32"),
        ({"inputs": [{**ROW, "shape": None}]}, "must have a shape"),
        ({"inputs": [{**ROW, "shape": [-1, 2]}]}, "integers that are not negative"),
        ({"inputs": [{**ROW, "shape": [1.0, 2]}]}, "integers that are not negative"),
        ({"inputs": [{**ROW, "shape": [True, 2]}]}, "integers that are not negative"),
        ({"inputs": [{**ROW, "shape": [1, 3]}]}, "must have shape [any, 2], got [1, 3]"),
        ({"inputs": [{**ROW, "shape": [2]}]}, "must have shape [any, 2], got [2]"),
        ({"inputs": [{**ROW, "shape": HUGE}]}, "must have shape [any, 2]"),
        ({"inputs": [{**ROW, "shape": [2**63, 2]}]}, "has 2 values"),
        ({"inputs": [{**ROW, "shape": [0, 2], "data": []}]}, "is empty: send at least one row"),
        ({"inputs": [{**ROW, "data": None}]}, "must have data: a list, got null"),
        ({"inputs": [{**ROW, "data": {"b64": "AA=="}}]}, "must have data: a list, got an object"),
        ({"inputs": [{**ROW, "data": [1]}]}, "has 1 values"),
        ({"inputs": [{**ROW, "data": []}]}, "has 0 values"),
        ({"inputs": [{**ROW, "data": [[1], [2]]}]}, "nested otherwise"),
        ({"inputs": [{**ROW, "data": [[1, 2], [3]]}]}, "nested otherwise"),
        ({"inputs": [{**ROW, "data": [[1, [2]]]}]}, "must hold numbers, got a list"),
        ({"inputs": [{**ROW, "data": [[[1, 2]]]}]}, "nested otherwise"),
        ({"inputs": [{**ROW, "data": ["1", 2]}]}, "must hold numbers, got a string"),
        ({"inputs": [{**ROW, "data": [None, 2]}]}, "must hold numbers, got null"),
        ({"inputs": [{**ROW, "data": [True, 2]}]}, "must hold numbers, got a boolean"),
        ({"inputs": [{**ROW, "data": [1e39, 2]}]}, "a number beyond float32"),
        (b'{"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [NaN, 1]}]}', "is not JSON"),
        ({"inputs": [{**ROW, "parameters": 1}]}, '"parameters" must be an object'),
        ({"inputs": [{**ROW, "parameters": {"binary_data_size": 8}}]}, "must have data, or a binary_data_size"),
        ({"inputs": [{**ROW, "parameters": {"shared_memory_region": "r"}}]}, "in shared memory"),
        ({"inputs": [sized(8)]}, "binary_data_size 8, and 0 bytes are left"),
        ({"inputs": [sized(-8)]}, "binary_data_size that is not negative"),
        ({"inputs": [sized(8.0)]}, '"binary_data_size" must be an integer'),
        ({"inputs": [sized(True)]}, '"binary_data_size" must be an integer, got a boolean'),
        ({"inputs": [sized(2**63)]}, "binary_data_size 9223372036854775808"),
        ({"inputs": [ROW], "id": 7}, '"id" must be a string, got an integer'),
        ({"inputs": [ROW], "parameters": {"binary_data_output": "yes"}}, '"binary_data_output" must be a boolean'),
        ({"inputs": [ROW], "outputs": "y"}, '"outputs" must be a list of objects'),
        ({"inputs": [ROW], "outputs": [{"name": "z"}]}, "there is no output 'z': the outputs are x"),
        ({"inputs": [ROW], "outputs": [{"name": "x"}] * 2}, "output 'x' is there twice"),
        ({"inputs": [ROW], "outputs": [{"name": "x", "parameters": {"binary_data": 1}}]}, "must be a boolean"),
        ({"inputs": [ROW], "outputs": [{"name": "x", "parameters": {"classification": -1}}]}, "asks for -1 classes"),
        ({"inputs": [ROW], "outputs": [{"name": "x", "parameters": {"classification": "1"}}]}, "must be an integer"),
        ({"inputs": [ROW], "outputs": [{"name": "x", "parameters": {"shared_memory_region": "r"}}]}, "shared memory"),
    ],
)
def test_a_refusal(body: Any, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(body, manifest(TensorSpec("x", "float32", (None, 2))))
    assert sentence in caught.value.message
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    ("body", "tail", "sentence"),
    [
        ({"inputs": [sized(8)]}, bytes(7), "and 7 bytes are left"),
        ({"inputs": [sized(8)]}, bytes(9), "1 bytes after the JSON belong to no input"),
        ({"inputs": [sized(4)]}, bytes(4), "has 4 bytes: FP32 [1, 2] takes 8"),
        ({"inputs": [sized(8, shape=[2**40, 2])]}, bytes(8), "takes 8796093022208"),
        ({"inputs": [ROW]}, bytes(8), "8 bytes after the JSON belong to no input"),
    ],
)
def test_sizes_that_lie(body: Any, tail: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(body, manifest(TensorSpec("x", "float32", (None, 2))), tail)
    assert sentence in caught.value.message


@pytest.mark.parametrize("length", ["-1", "x", "", "1.5", "٣", "9" * 18, "9" * 5000])
def test_a_header_that_lies_about_the_json(length: str) -> None:
    with pytest.raises(InvalidInput, match="Inference-Header-Content-Length"):
        decode(
            {"inputs": [ROW]}, manifest(TensorSpec("x", "float32", (None, 2))), inference_header_content_length=length
        )


@pytest.mark.parametrize(
    ("data", "shape", "sentence"),
    [
        (b"\2\0\0\0ab", [2, 1], "too few for 2 elements"),
        (b"\2\0\0\0ab", [2**40, 1], "too few for 1099511627776 elements"),
        (b"\3\0\0\0ab", [1, 1], "ends within its element 0"),
        (b"\xff\xff\xff\xffab", [1, 1], "ends within its element 0"),
        (b"\4\0\0\0abcd\1\0", [2, 1], "ends within its element 1"),
        (b"\1\0\0\0ab", [1, 1], "has 1 bytes after its 1 elements"),
    ],
)
def test_strings_that_lie(data: bytes, shape: list[int], sentence: str) -> None:
    item = {"name": "s", "datatype": "BYTES", "shape": shape, "parameters": {"binary_data_size": len(data)}}
    with pytest.raises(InvalidInput, match=sentence):
        decode({"inputs": [item]}, manifest(TensorSpec("s", "string", (None, 1))), data)


def test_booleans_and_integers_out_of_range() -> None:
    item = {"name": "b", "datatype": "BOOL", "shape": [1], "parameters": {"binary_data_size": 1}}
    with pytest.raises(InvalidInput, match="its bytes must be 0 or 1"):
        decode({"inputs": [item]}, manifest(TensorSpec("b", "bool", (None,))), b"\2")
    for value, sentence in [(128, "outside the range of INT8"), (1.0, "must hold integers, got a number")]:
        item = {"name": "i", "datatype": "INT8", "shape": [1], "data": [value]}
        with pytest.raises(InvalidInput, match=sentence):
            decode({"inputs": [item]}, manifest(TensorSpec("i", "int8", (None,))))


def test_one_long_string_among_many_numbers_takes_no_memory() -> None:
    """numpy would make every element as wide as the longest: 400 GB."""
    item = {**ROW, "shape": [50_001, 2], "data": ["x" * 1_000_000, 1] + [1] * 100_000}
    with pytest.raises(InvalidInput, match="must hold numbers, got a string"):
        decode({"inputs": [item]}, manifest(TensorSpec("x", "float32", (None, 2))))


def classes(array: Array, spec: TensorSpec, count: int) -> Any:
    model = manifest(TensorSpec("x", "float32", (None, 2)), outputs=(spec,))
    call = decode({"inputs": [ROW], "outputs": [{"name": "y", "parameters": {"classification": count}}]}, model)
    (output,) = orjson.loads(encode(array, spec, call).body)["outputs"]
    assert output["datatype"] == "BYTES"
    assert len(output["data"]) == np.prod(output["shape"])
    return output["shape"], output["data"]


def test_classification() -> None:
    named = TensorSpec("y", "float32", (None, 3), classes=("low", "mid", "high"))
    array = np.float32([[0.25, 0.5, 0.25], [1, np.nan, 2]])
    assert classes(array, named, 2) == (
        [2, 2],
        ["0.500000:1:mid", "0.250000:0:low", "2.000000:2:high", "1.000000:0:low"],
    )
    assert classes(array[:1], named, 9) == ([1, 3], ["0.500000:1:mid", "0.250000:0:low", "0.250000:2:high"])
    assert classes(np.uint8([3, 255]), TensorSpec("y", "uint8", (2,)), 1) == ([1], ["255:1"])
    assert classes(np.array([[True]]), TensorSpec("y", "bool", (None, 1)), 1) == ([1, 1], ["1:0"])
    with pytest.raises(InvalidInput, match="it has no classes"):
        classes(np.array([b"a"], object), TensorSpec("y", "string", (None,)), 1)


@pytest.mark.parametrize("seed", range(4))
def test_no_bytes_make_the_decoder_do_anything_but_refuse(seed: int) -> None:
    chance = random.Random(seed)
    specs = [TensorSpec(name, name, (None, 2)) for name in DTYPES]
    oddities: list[Any] = [
        None,
        True,
        "",
        "FP32",
        0,
        -1,
        2**64 - 1,
        1e308,
        [],
        {},
        [[]],
        [[1, 2]],
        [1, 2],
        {"name": []},
    ]
    for _ in range(1500):
        spec = chance.choice(specs)
        data = to_bytes(array_of(spec.dtype))
        item: dict[str, Any] = {"name": spec.name, "datatype": DATATYPES[spec.dtype], "shape": [2, 2]}
        item |= chance.choice([{"data": VALUES[spec.dtype]}, {"parameters": {"binary_data_size": len(data)}}])
        body: dict[str, Any] = {"inputs": [item], "id": "1", "parameters": {}, "outputs": [{"name": spec.name}]}
        target = chance.choice([item, body, body["parameters"], body["outputs"][0]])
        target[chance.choice([*target, "binary_data_output", "parameters", "signature_name"])] = chance.choice(oddities)
        text = bytearray(orjson.dumps(body))
        raw = bytearray(text + (data if "data" not in item else b""))
        for _ in range(chance.choice([0, 0, 1, 4])):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        length = chance.choice([str(len(text))] * 3 + ["0", "1", str(chance.randrange(len(raw) * 2)), "-1"])
        try:
            call = decode(
                bytes(raw[: chance.randint(1, len(raw) * 3)]), manifest(spec), inference_header_content_length=length
            )
        except LightshipError:
            continue
        assert all(array.dtype == spec.numpy for array in call.inputs.values())


Ask = Callable[..., Response]


@pytest.fixture(scope="module")
def service(registries: Registries) -> Service:
    return Service(Catalogue(Registry(str(registries.small))))


@pytest.fixture
def ask(service: Service) -> Ask:
    def ask(method: str, path: str, body: Any = b"", caller: str | None = "me", **headers: str) -> Response:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = asyncio.run(answer(service, Request(method, path, headers=named, body=data, caller=caller)))
        assert response is not None
        return response

    return ask


def test_the_routes_that_tell(ask: Ask) -> None:
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
        assert [entry["name"] for entry in get(f"{path}/stats")["model_stats"]] == ["pair"]
    assert get("/v2/models/words/config")["input"][0]["data_type"] == "TYPE_STRING"
    assert "pair" in {entry["name"] for entry in get("/v2/models/stats")["model_stats"]}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/nobody", 404),
        ("GET", "/v2/models/nobody/ready", 404),
        ("GET", "/v2/models/pair/versions/9/ready", 404),
        ("GET", "/v2/models/pair/versions/x", 404),
        ("POST", "/v2/models/nobody/infer", 404),
        ("POST", "/v2/models/pair/infer", 400),
        ("GET", "/v2/models/pair/infer", 405),
        ("POST", "/v2/repository/models/nobody/load", 404),
        ("POST", "/v2/repository/models/nobody/unload", 404),
    ],
)
def test_an_error_is_a_sentence_in_the_protocols_shape(ask: Ask, method: str, path: str, status: int) -> None:
    response = ask(method, path)
    assert response.status == status
    assert isinstance(orjson.loads(response.body)["error"], str)


def test_a_stranger_gets_health_and_nothing_else(ask: Ask) -> None:
    assert ask("GET", "/v2", caller=None).status == 401
    assert ask("POST", "/v2/models/pair/infer", caller=None).status == 401
    assert ask("POST", "/v2/repository/models/pair/unload", caller=None).status == 401


PAIR = {
    "id": "42",
    "inputs": [
        {"name": "b", "datatype": "FP32", "shape": [1, 1], "data": [10]},
        {"name": "a", "datatype": "FP32", "shape": [1, 2], "data": [[1, 2]]},
    ],
}


def test_infer(ask: Ask) -> None:
    product = {"name": "product", "datatype": "FP32", "shape": [1, 2], "data": [10, 20]}
    total = {"name": "sum", "datatype": "FP32", "shape": [1, 2], "data": [11, 12]}
    for path in ("/v2/models/pair/infer", "/v2/models/pair/versions/1/infer"):
        response = orjson.loads(ask("POST", path, PAIR).body)
        assert response == {"model_name": "pair", "model_version": "1", "id": "42", "outputs": [total, product]}
    response = orjson.loads(ask("POST", "/v2/models/pair/infer", {**PAIR, "outputs": [{"name": "product"}]}).body)
    assert response["outputs"] == [product]
    missing = ask("POST", "/v2/models/pair/infer", {"inputs": PAIR["inputs"][:1]})
    assert (missing.status, orjson.loads(missing.body)) == (400, {"error": "input 'a' (float32 [any, 2]) is missing"})


def test_one_output_binary_and_one_not(ask: Ask) -> None:
    outputs = [{"name": "product"}, {"name": "sum", "parameters": {"binary_data": False}}]
    body = {**PAIR, "outputs": outputs, "parameters": {"binary_data_output": True}}
    response = ask("POST", "/v2/models/pair/infer", body)
    length = int(response.headers[LENGTH])
    assert response.headers["content-type"] == "application/octet-stream"
    product, total = orjson.loads(response.body[:length])["outputs"]
    assert product["parameters"] == {"binary_data_size": 8}
    assert "data" not in product
    assert total["data"] == [11, 12]
    assert np.frombuffer(response.body[length:], "<f4").tolist() == [10, 20]


def test_a_signature_by_its_name(ask: Ask) -> None:
    body = {"inputs": [ROW], "parameters": {"signature_name": "halve"}}
    assert orjson.loads(ask("POST", "/v2/models/modes/infer", body).body)["outputs"][0]["data"] == [0.5, 1]
    body["parameters"] = {"signature_name": "nothing"}
    assert ask("POST", "/v2/models/modes/infer", body).status == 404


@pytest.mark.parametrize("padding", range(4))
def test_data_that_starts_at_any_byte(ask: Ask, padding: int) -> None:
    text = orjson.dumps({"inputs": [sized(8)]}) + b" " * padding
    body = text + struct.pack("<2f", 1, 4)
    response = ask("POST", "/v2/models/modes/infer", body, inference_header_content_length=str(len(text)))
    assert orjson.loads(response.body)["outputs"][0]["data"] == [2, 8]


def test_strings_and_booleans_through_real_models(ask: Ask) -> None:
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


def test_the_repository(registries: Registries) -> None:
    catalogue = Catalogue(Registry(str(registries.small)))

    def post(path: str, body: bytes = b"") -> tuple[int, Any]:
        response = asyncio.run(answer(Service(catalogue), Request("POST", path, body=body, caller="me")))
        assert response is not None
        return response.status, orjson.loads(response.body)

    row = {"name": "modes", "version": "1", "state": "READY", "reason": ""}
    assert row in post("/v2/repository/index")[1]
    assert post("/v2/repository/models/modes/unload") == (200, {})
    assert not [entry for entry in post("/v2/repository/index", b'{"ready": true}')[1] if entry["name"] == "modes"]
    (gone,) = [entry for entry in post("/v2/repository/index", b"{}")[1] if entry["name"] == "modes"]
    assert gone["state"] == "UNAVAILABLE"
    assert "unloaded" in gone["reason"]
    assert post("/v2/models/modes/infer", orjson.dumps({"inputs": [ROW]}))[0] == 503
    status, record = _get(catalogue, "/v2/models/modes/ready")
    assert (status, record["ready"]) == (503, False)
    assert _get(catalogue, "/v2/models/modes")[0] == 503
    assert post("/v2/repository/models/modes/load", b"{}") == (200, {})
    assert post("/v2/models/modes/infer", orjson.dumps({"inputs": [ROW]}))[0] == 200
    assert post("/v2/repository/models/modes/load", b'{"parameters": {"config": "{}"}}')[0] == 400
    assert post("/v2/repository/index", b'{"ready": 1}')[0] == 400
    assert post("/v2/repository/index", b"[")[0] == 400


def _get(catalogue: Catalogue, path: str) -> tuple[int, Any]:
    response = asyncio.run(answer(Service(catalogue), Request("GET", path, caller="me")))
    assert response is not None
    return response.status, orjson.loads(response.body)


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


def test_binary_data_both_ways_through_the_gateway(service: Service) -> None:
    gateway = Gateway(Shell(service, token=None, max_body=1_000_000))
    text = orjson.dumps({"inputs": [sized(8)], "parameters": {"binary_data_output": True}})
    sent = event(
        "/v2/models/modes/infer", text + struct.pack("<2f", 1, 0.3), Inference_Header_Content_Length=str(len(text))
    )
    answer = gateway(sent, None)
    assert answer["statusCode"] == 200
    assert answer["isBase64Encoded"]
    length = int(answer["headers"][LENGTH])
    assert np.frombuffer(body_of(answer)[length:], "<f4").tolist() == [2, np.float32(0.6)]
    raw = gateway(event("/v2/models/modes/infer", struct.pack("<2f", 1, 4), Inference_Header_Content_Length="0"), None)
    assert np.frombuffer(body_of(raw)[int(raw["headers"][LENGTH]) :], "<f4").tolist() == [2, 8]


def test_a_binary_answer_over_the_limit_counts_as_base64(registries: Registries) -> None:
    """100,000 numbers are 400,000 bytes, and 533,000 in an event."""
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [1]}]}
    body |= {"parameters": {"binary_data_output": True}}  # type: ignore[dict-item]
    request = Request("POST", "/v2/models/wide/infer", body=orjson.dumps(body), caller="me")
    for limit, status in [(530_000, 413), (540_000, 200)]:
        response = asyncio.run(answer(Service(Catalogue(Registry(str(registries.small))), limit), request))
        assert response is not None
        assert response.status == status


def test_a_compressed_answer_through_the_gateway(service: Service) -> None:
    gateway = Gateway(Shell(service, token=None, max_body=1_000_000))
    item = {**ROW, "shape": [1000, 2], "data": [0.5] * 2000}
    packed = gzip.compress(orjson.dumps({"inputs": [item]}))
    answer = gateway(event("/v2/models/modes/infer", packed, Content_Encoding="gzip", Accept_Encoding="gzip"), None)
    assert answer["headers"]["content-encoding"] == "gzip"
    assert orjson.loads(gzip.decompress(body_of(answer)))["outputs"][0]["data"] == [1] * 2000


HOT = """
import json, sys
from lightship.handlers.predict import handler
item = {"name": "features", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}
http = {"path": "/v2/models/quickstart/infer", "method": "POST"}
event = {"version": "2.0", "rawPath": http["path"], "requestContext": {"http": http}}
event |= {"headers": {"accept-encoding": "gzip"}, "body": json.dumps({"inputs": [item]})}
answer = handler(event, None)
assert answer["statusCode"] == 200, answer
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_a_hot_request_imports_nothing_heavy(registries: Registries) -> None:
    assert not modules_after(HOT, registries.examples) & HEAVY


def test_what_openapi_says_of_it() -> None:
    paths: dict[str, Any] = {}
    for route in PROTOCOL.routes:
        for path, operations in route.describe(route, ()).items():
            paths.setdefault(path, {}).update(operations)
    operations = [operation for entry in paths.values() for operation in entry.values()]
    assert len({operation["operationId"] for operation in operations}) == len(PROTOCOL.routes)
    infer = paths["/v2/models/{name}/infer"]["post"]
    assert infer["requestBody"]["content"]["application/json"]["schema"]["required"] == ["inputs"]
    assert [parameter["name"] for parameter in infer["parameters"]] == ["name"]
    assert paths["/v2/models/{name}"]["get"]["summary"] == "A model's tensors and versions"
