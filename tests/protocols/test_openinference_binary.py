"""Test the Open Inference Protocol's binary tensor extension."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import orjson
import pytest

from lightship.calls import Call
from lightship.dispatch.dispatcher import Dispatcher
from lightship.errors import InvalidInput
from lightship.protocols.http import Request
from lightship.protocols.openinference.binary import to_bytes
from lightship.protocols.openinference.infer import decode_infer
from lightship.registry.registry import Registry
from lightship.serving.serving import Serving
from lightship.settings import Settings
from lightship.tensors import TensorSpec
from tests.bundles import Registries
from tests.protocols.conftest import Ask
from tests.protocols.openinference_cases import LENGTH, PAIR, ROW, decode, encode, manifest, sized


def test_to_bytes_is_little_endian_with_length_before_strings() -> None:
    assert to_bytes(np.array([1, 258], ">i4")) == b"\1\0\0\0\2\1\0\0"
    assert to_bytes(np.array([b"ab", b""], object)) == b"\2\0\0\0ab\0\0\0\0"


def test_nan_is_kept_in_binary_data_and_null_in_json() -> None:
    spec, array = TensorSpec("x", "float32", (None,)), np.float32([np.nan, np.inf, 1])
    item = {"name": "x", "datatype": "FP32", "shape": [3], "parameters": {"binary_data_size": 12}}
    np.testing.assert_array_equal(decode({"inputs": [item]}, manifest(spec), array.tobytes()).inputs["x"], array)
    assert orjson.loads(encode(array, spec).body)["outputs"][0]["data"] == [None, None, 1]
    assert encode(array, spec, Call({}, parameters={"binary_data_output": True})).body.endswith(array.tobytes())


def test_output_with_invalid_utf8_requires_binary_data() -> None:
    spec, array = TensorSpec("x", "string", (None,)), np.array([b"\xff"], object)
    with pytest.raises(InvalidInput, match="'x'.*binary_data"):
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
def test_raw_body_is_only_input(spec: TensorSpec, body: bytes, expected: Any) -> None:
    call = decode_infer(Request("POST", "/", headers={LENGTH: "0"}, body=body), manifest(spec))
    assert call.inputs["x"].tolist() == expected
    assert call.parameters["binary_data_output"] is True


@pytest.mark.parametrize(
    ("specs", "body", "named"),
    [
        ([TensorSpec("x", "float32", (None, 2))], b"1234", " 4 bytes.*'x'.* 8 "),
        ([TensorSpec("x", "float32", (None, 2))], b"", " 0 bytes.*'x'.* 8 "),
        ([TensorSpec("x", "int8", (2,))], b"1234", " 4 bytes.*'x'.* 2 "),
        ([TensorSpec("x", "int8", (None, None))], b"1234", "shape.*'x'"),
        ([TensorSpec("x", "string", (None, 2))], b"1234", "BYTES.*'x'"),
        ([TensorSpec("x", "int8", (None,)), TensorSpec("y", "int8", (None,))], b"1234", "one input.* 2"),
    ],
)
def test_raw_body_with_wrong_size_is_refused(specs: list[TensorSpec], body: bytes, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        decode_infer(Request("POST", "/", headers={LENGTH: "0"}, body=body), manifest(*specs))


@pytest.mark.parametrize(
    ("body", "tail", "named"),
    [
        ({"inputs": [sized(8)]}, bytes(7), "'x'.* 8.* 7 bytes"),
        ({"inputs": [sized(8)]}, bytes(9), "1 bytes.*binary_data_size"),
        ({"inputs": [sized(4)]}, bytes(4), r"'x'.* 4 bytes.*FP32 \[1, 2\].* 8"),
        ({"inputs": [sized(8, shape=[2**40, 2])]}, bytes(8), "'x'.* 8 bytes.* 8796093022208"),
        ({"inputs": [ROW]}, bytes(8), "8 bytes.*binary_data_size"),
    ],
)
def test_wrong_binary_data_size_is_refused(body: Any, tail: bytes, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        decode(body, manifest(TensorSpec("x", "float32", (None, 2))), tail)


@pytest.mark.parametrize("length", ["-1", "x", "", "1.5", "٣", "9" * 18, "9" * 5000])
def test_wrong_json_length_header_is_refused(length: str) -> None:
    with pytest.raises(InvalidInput, match="Inference-Header-Content-Length"):
        decode(
            {"inputs": [ROW]}, manifest(TensorSpec("x", "float32", (None, 2))), inference_header_content_length=length
        )


@pytest.mark.parametrize(
    ("data", "shape", "named"),
    [
        (b"\2\0\0\0ab", [2, 1], "'s'.* 2 elements"),
        (b"\2\0\0\0ab", [2**40, 1], "'s'.* 1099511627776 elements"),
        (b"\3\0\0\0ab", [1, 1], "'s'.*element 0"),
        (b"\xff\xff\xff\xffab", [1, 1], "'s'.*element 0"),
        (b"\4\0\0\0abcd\1\0", [2, 1], "'s'.*element 1"),
        (b"\1\0\0\0ab", [1, 1], "'s'.* 1 bytes.* 1 elements"),
    ],
)
def test_wrong_string_lengths_are_refused(data: bytes, shape: list[int], named: str) -> None:
    item = {"name": "s", "datatype": "BYTES", "shape": shape, "parameters": {"binary_data_size": len(data)}}
    with pytest.raises(InvalidInput, match=named):
        decode({"inputs": [item]}, manifest(TensorSpec("s", "string", (None, 1))), data)


def test_outputs_are_binary_or_json_as_requested(ask: Ask) -> None:
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


@pytest.mark.parametrize("padding", range(4))
def test_binary_data_at_any_byte_offset_is_decoded(ask: Ask, padding: int) -> None:
    text = orjson.dumps({"inputs": [sized(8)]}) + b" " * padding
    body = text + struct.pack("<2f", 1, 4)
    response = ask("POST", "/v2/models/modes/infer", body, inference_header_content_length=str(len(text)))
    assert orjson.loads(response.body)["outputs"][0]["data"] == [2, 8]


def test_binary_response_beyond_limit_as_base64_is_413(registries: Registries) -> None:
    """Check the size in an event: 100,000 floats are 400,000 bytes, 533,000 as base64."""
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [1]}]}
    body |= {"parameters": {"binary_data_output": True}}  # type: ignore[dict-item]
    request = Request("POST", "/v2/models/wide/infer", body=orjson.dumps(body), caller="me")
    for limit, status in [(530_000, 413), (540_000, 200)]:
        response = Dispatcher(Serving(Registry(str(registries.small))), Settings(max_answer=limit)).answer(request)
        assert response is not None
        assert response.status == status
