"""Lambda's Runtime API as AWS's own client speaks it: the same events out of it, the same outcomes into it."""

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
from tests.handlers.runtime_apis import ACCEPTED, Answer, Asked, ScriptedRuntimeApi, chunked_event, event

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
USUAL = """
import runtime_client
def make():
    runtime_client.initialize_client("tests")
    return runtime_client
"""
OURS = """
import os
from lightship.handlers.runtime_client import RuntimeClient
def make():
    return RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"], "tests")
"""


def spoken(maker: str, answers: Sequence[bytes]) -> tuple[Any, list[Asked]]:
    """What a client, in a process of its own, makes of an event, and what it asked for meanwhile."""
    with ScriptedRuntimeApi(answers) as api:
        environment = os.environ | {"AWS_LAMBDA_RUNTIME_API": api.address}
        command = [sys.executable, "-c", f"{maker}\n{CALLS}"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        assert all(asked.headers["host"] == api.address for asked in api.asked)
    return json.loads(done.stdout), api.asked


@contextmanager
def client_of(*answers: Answer | bytes) -> Iterator[tuple[RuntimeClient, ScriptedRuntimeApi]]:
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
def test_it_says_and_understands_what_awss_own_client_does(first: bytes) -> None:
    answers = [first, ACCEPTED, event(b"{}"), ACCEPTED]
    usual, usual_asked = spoken(USUAL, answers)
    ours, ours_asked = spoken(OURS, answers)
    assert ours == usual
    assert len(ours_asked) == len(usual_asked) == 4
    for one, other in zip(ours_asked, usual_asked, strict=True):
        assert (one.line, one.body) == (other.line, other.body)
        for name in ("user-agent", "content-type", "lambda-runtime-invocation-id"):
            assert one.headers.get(name) == other.headers.get(name)
    cause = "lambda-runtime-function-xray-error-cause"
    assert ours_asked[3].headers[cause] == usual_asked[3].headers[cause] == '{"working_directory": "/"}'


def test_all_of_it_takes_one_connection() -> None:
    with client_of(event(b"1"), ACCEPTED, chunked_event(b"2"), ACCEPTED) as (client, api):
        assert client.next()[0] == b"1"
        client.post_invocation_result("1-2-3", b"1", "application/json")
        assert client.next()[0] == b"2"
        client.post_error("1-2-3", "{}", "{}")
    assert [asked.connection for asked in api.asked] == [1, 1, 1, 1]


def test_it_waits_for_as_long_as_there_is_no_event() -> None:
    with client_of(Answer(event(b"1"), delay=1.2)) as (client, _):
        assert client.next()[0] == b"1"


def test_what_only_says_that_the_answer_will_come_is_passed_over() -> None:
    with client_of(event(b"1"), b"HTTP/1.1 100 Continue\r\n\r\n" + ACCEPTED, event(b"2")) as (client, _):
        client.next()
        client.post_invocation_result("1-2-3", b"1", "application/json")
        assert client.next()[0] == b"2"


@pytest.mark.parametrize(
    "first",
    [
        Answer(event(b'{"n": 1}'), closes=True),
        event(b'{"n": 1}', Connection="Close"),
        Answer(b"HTTP/1.0 200 OK\r\nlambda-runtime-aws-request-id: 1-2-3\r\n\r\n" + b'{"n": 1}', closes=True),
    ],
    ids=["without a word", "as announced", "as the end of the event"],
)
def test_a_closed_connection_is_made_anew(first: Answer | bytes) -> None:
    with client_of(first, ACCEPTED) as (client, api):
        assert client.next()[0] == b'{"n": 1}'
        api.wait(closed=1)
        client.post_invocation_result("1-2-3", b'{"kept": true}', "application/json")
    assert [asked.connection for asked in api.asked] == [1, 2]
    assert api.asked[1].body == b'{"kept": true}'


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (event(b'{"errorType": "Extension.Crash"}', status="403 Forbidden"), "403.*Extension.Crash"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "200"),
        (event(b"{}", Lambda_Runtime_Deadline_Ms="soon"), "deadline.*soon"),
        (Answer(event(b"1" * 99)[:-90], closes=True), "middle"),
        (Answer(event(b"1" * 99)[:60], closes=True), "middle"),
        (Answer(b"", closes=True), "no response"),
        (Answer(b"HTTP/1.1 100 Continue\r\n\r\n", closes=True), "no response"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/"),
    ],
    ids=["refused", "no id", "no deadline", "half a body", "half the headers", "nothing", "nothing more", "no HTTP"],
)
def test_what_is_no_event_is_refused(answer: Answer | bytes, named: str) -> None:
    with client_of(answer) as (client, api), pytest.raises(RuntimeApiError, match=named):
        client.next()
    assert len(api.asked) == 1


def test_after_a_failure_it_begins_afresh() -> None:
    with client_of(Answer(event(b"1" * 99)[:-90], closes=True), event(b"2")) as (client, api):
        with pytest.raises(RuntimeApiError):
            client.next()
        assert client.next()[0] == b"2"
    assert [asked.connection for asked in api.asked] == [1, 2]


@pytest.mark.parametrize("unread", [False, True], ids=["when all was read", "as soon as its length was read"])
def test_an_outcome_that_is_not_taken_is_said_with_what_lambda_said(unread: bool) -> None:
    refusal = event(b'{"errorType": "RequestEntityTooLarge"}', status="413 Request Entity Too Large")
    with client_of(event(b"{}"), Answer(refusal, closes=True, unread=unread)) as (client, api):
        client.next()
        with pytest.raises(RuntimeApiError, match="413.*RequestEntityTooLarge"):
            client.post_invocation_result("1-2-3", LONG * 8, "application/json")
    assert api.asked[1].body == (b"" if unread else LONG * 8)
    assert len(api.asked) == 2


def test_an_outcome_is_never_posted_twice() -> None:
    with client_of(event(b"{}"), Answer(b"", closes=True), ACCEPTED) as (client, api):
        client.next()
        with pytest.raises(RuntimeApiError, match="no response"):
            client.post_invocation_result("1-2-3", b"1", "application/json")
    assert len(api.asked) == 2


def test_nobody_there_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        host, port = unused.getsockname()
    with pytest.raises(RuntimeApiError, match="refused"):
        RuntimeClient(f"{host}:{port}", "tests").next()
