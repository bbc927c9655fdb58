"""Events and results as the runtime's own marshaller has them, only sooner."""

from __future__ import annotations

import json
from typing import Any

import pytest
from awslambdaric.lambda_runtime_exception import FaultException
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

from lightship.handlers.marshaller import Marshaller
from tests.emulator import ROOT

USUAL = LambdaMarshaller()
OURS = Marshaller(USUAL)
EVENTS = sorted((ROOT / "events").glob("*.json"))
RESULT = {"statusCode": 200, "headers": {"a": 'b"\\ü\u2028😀'}, "body": "[[0.5]]", "isBase64Encoded": False}


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_an_event_is_what_the_runtime_reads(path: Any) -> None:
    request = path.read_bytes()
    assert OURS.unmarshal_request(request) == USUAL.unmarshal_request(request) != {}


def test_what_orjson_cannot_read_is_left_to_the_runtime() -> None:
    request = b'{"a": "\\ud800"}'
    assert str(OURS.unmarshal_request(request)) == str(USUAL.unmarshal_request(request))


def test_no_json_is_the_runtimes_fault() -> None:
    with pytest.raises(FaultException, match="Unable to unmarshal input"):
        OURS.unmarshal_request(b"{")


def test_other_content_is_handed_on_as_it_is() -> None:
    assert OURS.unmarshal_request(b"{", "text/plain") == b"{"


@pytest.mark.parametrize("result", [RESULT, {"batchItemFailures": []}, None, 2**70, "\ud800", {1: 2}])
def test_a_result_means_what_the_runtime_writes(result: Any) -> None:
    ours, media_type = OURS.marshal_response(result)
    usual, usual_media_type = USUAL.marshal_response(result)
    assert (json.loads(ours), media_type) == (json.loads(usual), usual_media_type)


def test_bytes_are_left_to_the_runtime() -> None:
    assert OURS.marshal_response(b"\x00") == USUAL.marshal_response(b"\x00")


def test_what_nobody_can_write_is_the_runtimes_fault() -> None:
    with pytest.raises(FaultException, match="Unable to marshal response"):
        OURS.marshal_response({"a": object()})
