"""Lambda's Runtime API as AWS's own client speaks it: the same events out of it, the same outcomes into it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest

from lightship.handlers.runtime_client import RuntimeApiError, RuntimeClient
from tests.handlers.runtime_apis import ACCEPTED, Asked, ScriptedRuntimeApi, chunked_event, event

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
    runtime_client.initialize_client("usual")
    return runtime_client
"""
OURS = """
import os
from lightship.handlers.runtime_client import RuntimeClient
def make():
    return RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"])
"""


def spoken(maker: str, answers: Sequence[bytes]) -> tuple[Any, list[Asked]]:
    """What a client, in a process of its own, makes of an event, and what it asked for meanwhile."""
    with ScriptedRuntimeApi(answers) as api:
        environment = os.environ | {"AWS_LAMBDA_RUNTIME_API": api.address}
        command = [sys.executable, "-c", f"{maker}\n{CALLS}"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout), api.asked


@pytest.mark.parametrize(
    "first",
    [
        event(b'{"a": "\xc3\xa9"}'),
        event(b"{}", Lambda_Runtime_Cognito_Identity="{}", Lambda_Runtime_Aws_Tenant_Id="t"),
        event(b"{}", Lambda_Runtime_Invocation_Id="77"),
        chunked_event(b'{"a": ', b'"\xc3', b'\xa9"}'),
        chunked_event(LONG),
        event(LONG),
    ],
    ids=["plain", "tenant", "invocation", "chunks", "long chunk", "long"],
)
def test_it_says_and_understands_what_awss_own_client_does(first: bytes) -> None:
    answers = [first, ACCEPTED, event(b"{}"), ACCEPTED]
    usual, usual_asked = spoken(USUAL, answers)
    ours, ours_asked = spoken(OURS, answers)
    assert ours == usual
    assert len(ours_asked) == len(usual_asked) == 4
    for one, other in zip(ours_asked, usual_asked, strict=True):
        assert (one.line, one.body) == (other.line, other.body)
        assert one.headers["host"].startswith("127.0.0.1:")
        for name in ("content-type", "lambda-runtime-invocation-id"):
            assert one.headers.get(name) == other.headers.get(name)
    cause = "lambda-runtime-function-xray-error-cause"
    assert ours_asked[3].headers[cause] == usual_asked[3].headers[cause] == '{"working_directory": "/"}'


def test_all_of_it_takes_one_connection() -> None:
    with (
        ScriptedRuntimeApi([event(b"1"), ACCEPTED, chunked_event(b"2"), ACCEPTED]) as api,
        closing(RuntimeClient(api.address)) as client,
    ):
        assert client.next()[0] == b"1"
        client.post_invocation_result("1-2-3", b"1", "application/json")
        assert client.next()[0] == b"2"
        client.post_error("1-2-3", "{}", "{}")
    assert [asked.connection for asked in api.asked] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("answers", "connections"),
    [
        ([event(b"1"), b"", ACCEPTED], [1, 1, 2]),
        ([event(b"1", Connection="close"), ACCEPTED], [1, 2]),
    ],
    ids=["closed while it worked", "closed as announced"],
)
def test_a_closed_connection_is_made_anew(answers: list[bytes], connections: list[int]) -> None:
    with ScriptedRuntimeApi(answers) as api, closing(RuntimeClient(api.address)) as client:
        client.next()
        client.post_invocation_result("1-2-3", b'{"kept": true}', "application/json")
    assert [asked.connection for asked in api.asked] == connections
    assert api.asked[-1].body == b'{"kept": true}'


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([event(b'{"errorType": "Extension.Crash"}', status="403 Forbidden")], "gave no event: 403.*Extension.Crash"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"], "gave no event: 200"),
        ([event(b"1" * 99)[:-93] + b"..."], "broke off: 9 of 99 bytes came"),
        ([b"", b""], "broke off: no answer came"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n..."], "broke off"),
    ],
    ids=["refused", "no id", "half", "nothing", "no HTTP"],
)
def test_what_is_no_event_is_said_in_a_sentence(answers: list[bytes], said: str) -> None:
    with (
        ScriptedRuntimeApi(answers) as api,
        closing(RuntimeClient(api.address)) as client,
        pytest.raises(RuntimeApiError, match=said),
    ):
        client.next()


def test_an_outcome_that_is_not_taken_is_said_with_what_lambda_said() -> None:
    refusal = event(b'{"errorType": "RequestEntityTooLarge"}', status="413 Request Entity Too Large")
    with ScriptedRuntimeApi([event(b"{}"), refusal]) as api, closing(RuntimeClient(api.address)) as client:
        client.next()
        with pytest.raises(RuntimeApiError, match="did not take the outcome: 413.*RequestEntityTooLarge"):
            client.post_invocation_result("1-2-3", LONG, "application/json")
    assert api.asked[1].body == LONG


def test_nobody_there_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        host, port = unused.getsockname()
    with pytest.raises(RuntimeApiError, match="refused"):
        RuntimeClient(f"{host}:{port}").next()
