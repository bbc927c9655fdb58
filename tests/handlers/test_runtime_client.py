"""The Runtime API client, compared with awslambdaric's compiled client."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest

from lightship.handlers.runtime_client import RuntimeApiError, RuntimeClient
from tests.handlers.runtime_apis import (
    ACCEPTED,
    ReceivedRequest,
    ScriptedResponse,
    ScriptedRuntimeApi,
    chunked_event,
    event,
)

LONG = "é".encode() * 1_000_000
FOUND = (
    "Lambda-Runtime-Aws-Request-Id",
    "Lambda-Runtime-Trace-Id",
    "Lambda-Runtime-Invoked-Function-Arn",
    "Lambda-Runtime-Deadline-Ms",
    "Lambda-Runtime-Client-Context",
    "Lambda-Runtime-Cognito-Identity",
    "Lambda-Runtime-Aws-Tenant-Id",
    "Lambda-Runtime-Invocation-Id",
    "Content-Type",
)
CALLS = f"""
import json, sys
client = make()
body, headers = client.next()
print(json.dumps([body.decode(), {{name: headers.get(name) for name in {FOUND!r}}}]))
client.post_invocation_result("1-2-3", b'{{"a": 1}}', "application/json", None)
client.next()
client.post_error("1-2-3", '{{"errorMessage": "Zo\\u00eb"}}', '{{"working_directory": "/"}}', "9")
"""
AWS_CLIENT = """
import runtime_client
def make():
    runtime_client.initialize_client("tests")
    return runtime_client
"""
OWN_CLIENT = """
import os
from lightship.handlers.runtime_client import RuntimeClient
def make():
    return RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"], "tests")
"""


def run_client(maker: str, answers: Sequence[bytes]) -> tuple[Any, list[ReceivedRequest]]:
    """Return what a client, in its own process, reads and sends."""
    with ScriptedRuntimeApi(answers) as api:
        environment = os.environ | {"AWS_LAMBDA_RUNTIME_API": api.address}
        command = [sys.executable, "-c", f"{maker}\n{CALLS}"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        assert all(received.headers["host"] == api.address for received in api.requests)
    return json.loads(done.stdout), api.requests


@contextmanager
def client_of(*answers: ScriptedResponse | bytes) -> Iterator[tuple[RuntimeClient, ScriptedRuntimeApi]]:
    with ScriptedRuntimeApi(answers) as api, closing(RuntimeClient(api.address, "tests")) as client:
        yield client, api


@pytest.mark.parametrize(
    "first",
    [
        event(b'{"a": "\xc3\xa9"}'),
        event(b"{}", Lambda_Runtime_Cognito_Identity="{}", Lambda_Runtime_Aws_Tenant_Id="t"),
        event(b"{}", Lambda_Runtime_Invocation_Id="77"),
        event(b"{}", Lambda_Runtime_Client_Context="", Lambda_Runtime_Trace_Id=""),
        chunked_event(b'{"a": ', b'"\xc3', b'\xa9"}'),
        chunked_event(LONG),
        event(LONG),
    ],
    ids=["plain", "tenant", "invocation", "empty", "chunks", "long chunk", "long"],
)
def test_runtime_client_sends_and_reads_same_as_awslambdaric(first: bytes) -> None:
    answers = [first, ACCEPTED, event(b"{}"), ACCEPTED]
    expected, expected_requests = run_client(AWS_CLIENT, answers)
    actual, actual_requests = run_client(OWN_CLIENT, answers)
    assert actual == expected
    assert len(actual_requests) == len(expected_requests) == 4
    for sent, expected_request in zip(actual_requests, expected_requests, strict=True):
        assert (sent.line, sent.body) == (expected_request.line, expected_request.body)
        for name in ("user-agent", "content-type", "lambda-runtime-invocation-id"):
            assert sent.headers.get(name) == expected_request.headers.get(name)
    cause = "lambda-runtime-function-xray-error-cause"
    assert actual_requests[3].headers[cause] == expected_requests[3].headers[cause] == '{"working_directory": "/"}'


def test_runtime_client_reuses_connection() -> None:
    with client_of(event(b"1"), ACCEPTED, chunked_event(b"2"), ACCEPTED) as (client, api):
        assert client.next()[0] == b"1"
        client.post_invocation_result("1-2-3", b"1", "application/json")
        assert client.next()[0] == b"2"
        client.post_error("1-2-3", "{}", "{}")
    assert [received.connection for received in api.requests] == [1, 1, 1, 1]


def test_runtime_client_waits_for_delayed_event() -> None:
    with client_of(ScriptedResponse(event(b"1"), delay=1.2)) as (client, _):
        assert client.next()[0] == b"1"


def test_runtime_client_interim_response_is_skipped() -> None:
    with client_of(event(b"1"), b"HTTP/1.1 100 Continue\r\n\r\n" + ACCEPTED, event(b"2")) as (client, _):
        client.next()
        client.post_invocation_result("1-2-3", b"1", "application/json")
        assert client.next()[0] == b"2"


@pytest.mark.parametrize(
    "first",
    [
        ScriptedResponse(event(b'{"n": 1}'), closes=True),
        event(b'{"n": 1}', Connection="Close"),
        ScriptedResponse(b"HTTP/1.0 200 OK\r\nlambda-runtime-aws-request-id: 1-2-3\r\n\r\n" + b'{"n": 1}', closes=True),
    ],
    ids=["unannounced", "connection close", "http 1.0"],
)
def test_runtime_client_closed_connection_is_reopened(first: ScriptedResponse | bytes) -> None:
    with client_of(first, ACCEPTED) as (client, api):
        assert client.next()[0] == b'{"n": 1}'
        api.wait(closed=1)
        client.post_invocation_result("1-2-3", b'{"kept": true}', "application/json")
    assert [received.connection for received in api.requests] == [1, 2]
    assert api.requests[1].body == b'{"kept": true}'


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (event(b'{"errorType": "Extension.Crash"}', status="403 Forbidden"), "403.*Extension.Crash"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "200"),
        (event(b"{}", Lambda_Runtime_Deadline_Ms="soon"), "deadline.*soon"),
        (ScriptedResponse(event(b"1" * 99)[:-90], closes=True), "middle"),
        (ScriptedResponse(event(b"1" * 99)[:60], closes=True), "middle"),
        (ScriptedResponse(b"", closes=True), "no response"),
        (ScriptedResponse(b"HTTP/1.1 100 Continue\r\n\r\n", closes=True), "no response"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/"),
    ],
    ids=["refused", "no id", "no deadline", "half a body", "half the headers", "nothing", "nothing more", "no HTTP"],
)
def test_runtime_client_invalid_response_raises(answer: ScriptedResponse | bytes, named: str) -> None:
    with client_of(answer) as (client, api), pytest.raises(RuntimeApiError, match=named):
        client.next()
    assert len(api.requests) == 1


def test_runtime_client_after_failure_opens_new_connection() -> None:
    with client_of(ScriptedResponse(event(b"1" * 99)[:-90], closes=True), event(b"2")) as (client, api):
        with pytest.raises(RuntimeApiError):
            client.next()
        assert client.next()[0] == b"2"
    assert [received.connection for received in api.requests] == [1, 2]


@pytest.mark.parametrize("unread", [False, True], ids=["body read", "body unread"])
def test_runtime_client_refused_outcome_raises_with_response(unread: bool) -> None:
    refusal = event(b'{"errorType": "RequestEntityTooLarge"}', status="413 Request Entity Too Large")
    with client_of(event(b"{}"), ScriptedResponse(refusal, closes=True, unread=unread)) as (client, api):
        client.next()
        with pytest.raises(RuntimeApiError, match="413.*RequestEntityTooLarge"):
            client.post_invocation_result("1-2-3", LONG * 8, "application/json")
    assert api.requests[1].body == (b"" if unread else LONG * 8)
    assert len(api.requests) == 2


def test_runtime_client_outcome_is_not_retried() -> None:
    with client_of(event(b"{}"), ScriptedResponse(b"", closes=True), ACCEPTED) as (client, api):
        client.next()
        with pytest.raises(RuntimeApiError, match="no response"):
            client.post_invocation_result("1-2-3", b"1", "application/json")
    assert len(api.requests) == 2


def test_runtime_client_connection_refused_raises() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        host, port = unused.getsockname()
    with pytest.raises(RuntimeApiError, match="refused"):
        RuntimeClient(f"{host}:{port}", "tests").next()
