"""Batch processing: partial failures, FIFO groups, logs and metrics."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from lightship.aws.events import ObjectCreated
from lightship.errors import InvalidInput, Unavailable
from lightship.handlers.queues import Message, QueueHandler
from tests.emulator import ROOT
from tests.handlers.records import Context, bodies, failures, load, with_bodies


def queue(*failing: str, seen: list[str] | None = None) -> QueueHandler:
    """Return a queue handler that fails for the message ids in ``failing``."""

    def handle(message: Message) -> str:
        if seen is not None:
            seen.append(message.id)
        if message.id in failing:
            raise Unavailable("the store is closed")
        return "done"

    return QueueHandler("test", handle)


def split_events(count: int, group: str | None = None) -> dict[str, Any]:
    return with_bodies("split-run", *[bodies(load("split-run"))[0]] * count, group=group)


def fifo(*groups: str) -> dict[str, Any]:
    event = with_bodies("requests-fifo", *[bodies(load("requests-fifo"))[0]] * len(groups))
    for record, group in zip(event["Records"], groups, strict=True):
        record["attributes"]["MessageGroupId"] = group
    return event


@pytest.mark.parametrize("failing", [(), ("message-1",), ("message-3",), ("message-2", "message-3")])
def test_queue_reports_only_failed_messages(failing: tuple[str, ...]) -> None:
    seen: list[str] = []
    answer = queue(*failing, seen=seen)(split_events(3), Context())
    assert failures(answer) == list(failing)
    assert seen == ["message-1", "message-2", "message-3"]


def test_queue_entirely_failed_batch_reports_every_message() -> None:
    everything = ["message-1", "message-2"]
    assert failures(queue(*everything)(split_events(2), Context())) == everything
    assert failures(queue(*everything)(fifo("a", "a"), Context())) == everything


def test_queue_second_batch_forgets_failures_of_first() -> None:
    handler = queue("message-2")
    assert failures(handler(split_events(2), Context())) == ["message-2"]
    assert failures(handler(split_events(1), Context())) == []


@pytest.mark.parametrize("position", [1, 2, 3, 4, 5])
def test_queue_fifo_failure_reports_later_messages_of_group(position: int) -> None:
    groups = ("a", "b", "a", "b", "a")
    seen: list[str] = []
    answer = queue(f"message-{position}", seen=seen)(fifo(*groups), Context())
    failed = groups[position - 1]
    kept = [f"message-{n}" for n, group in enumerate(groups, start=1) if group == failed and n >= position]
    assert failures(answer) == kept
    assert [message for message in seen if message in kept] == kept[:1]
    assert {f"message-{n}" for n, group in enumerate(groups, start=1) if group != failed} <= set(seen)


def test_queue_standard_failure_reports_no_other_message_of_group() -> None:
    """Standard queues have groups too, for fairness between tenants."""
    assert failures(queue("message-1")(split_events(3, group="tenant"), Context())) == ["message-1"]


def test_queue_without_remaining_time_begins_no_message() -> None:
    seen: list[str] = []
    answer = queue(seen=seen)(split_events(2), Context(seconds=0.5))
    assert failures(answer) == ["message-1", "message-2"]
    assert seen == []


def test_queue_tests_cover_every_example_event() -> None:
    queued = {path.stem for path in (ROOT / "events").glob("*.json") if "Records" in json.loads(path.read_text())}
    assert queued == {"compile", "split", "split-run", "score", "requests", "requests-fifo"}


def test_object_created_event_is_parsed() -> None:
    assert ObjectCreated.from_event(bodies(load("compile"))[0]) == ObjectCreated(
        bucket="lightship-example",
        key="incoming/quickstart.keras",
        version="3sL4kqtJlcpXroDTDmJrmSpXd3dIbrHY",
        etag="b1946ac92492d2347c6235b4d2611184",
        size=18219,
    )
    assert ObjectCreated.from_event({"source": "aws.s3", "detail-type": "Object Deleted"}) is None
    assert ObjectCreated.from_event(bodies(load("score"))[0]) is None


@pytest.mark.parametrize(
    ("detail", "field"),
    [
        ({}, "bucket"),
        ({"bucket": 1, "object": {}}, "detail.bucket"),
        ({"bucket": {"name": "b"}, "object": {}}, "key"),
        ({"bucket": {"name": "b"}, "object": {"key": "k", "size": "1"}}, "detail.object.size"),
        ({"bucket": {"name": "b"}, "object": {"key": "k", "version-id": 1}}, "detail.object.version-id"),
        (None, "detail"),
    ],
)
def test_object_created_event_without_field_names_field(detail: Any, field: str) -> None:
    with pytest.raises(InvalidInput, match=f"'{field}'"):
        ObjectCreated.from_event({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})


@pytest.mark.parametrize("text", ["", '{"a": ', "[" * 100_000, "[1]"])
def test_message_without_json_object_is_invalid_input(text: str) -> None:
    with pytest.raises(InvalidInput):
        Message("id", text, lambda: 1.0).body()


@pytest.mark.parametrize(
    ("body", "correlation"),
    [
        (bodies(load("compile"))[0], "6f2a1d0c-5b7e-4c39-9a61-3d6f0c1f2a01"),
        (bodies(load("score"))[0], "example-chunk"),
        ({"schema": 1, "id": "mine", "request": {}}, "message-1"),
        ({"schema": 1, "correlation": 7}, "message-1"),
        ({"correlation": "x" * 1000}, "x" * 128),
        ({"correlation": "half of a character: \ud800"}, "message-1"),
        ({"correlation": "two\nlines"}, "message-1"),
        ("no JSON", "message-1"),
    ],
)
def test_message_correlation_is_taken_from_body_or_message_id(body: Any, correlation: str) -> None:
    event = with_bodies("score", body)
    seen = []
    QueueHandler("test", lambda message: seen.append(message.correlation) or "done")(event, Context())
    assert seen == [correlation]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_queue_logs_and_metrics_contain_no_payload(capsys: pytest.CaptureFixture[str]) -> None:
    def handle(message: Message) -> str:
        logging.getLogger("lightship.anywhere").warning("in progress", extra={"model": "churn"})
        if message.id == "message-2":
            raise KeyError("a secret of the payload")
        return "published"

    event = with_bodies("score", {"correlation": "first"}, {"correlation": "second", "password": "hunter2"})
    QueueHandler("compile", handle)(event, Context())
    text = capsys.readouterr().out
    assert "hunter2" not in text
    assert "a secret" not in text
    *logged, measured = lines(text)
    assert [(line["correlation_id"], line["message"].partition(":")[0]) for line in logged] == [
        ("first", "in progress"),
        ("first", "published"),
        ("second", "in progress"),
        ("second", "failed"),
    ]
    assert {(line["service"], line["function"]) for line in logged} == {("lightship", "compile")}
    assert logged[0]["model"] == "churn"
    assert logged[3]["error"] == "KeyError"
    assert any("handle" in frame for frame in logged[3]["stack"])
    assert (measured["service"], measured["Published"], measured["Failed"]) == ("compile", [1.0], [1.0])
    (directive,) = measured["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Lightship"


def test_queue_aws_error_is_logged_with_code_and_without_message(capsys: pytest.CaptureFixture[str]) -> None:
    from botocore.exceptions import ClientError

    def handle(message: Message) -> str:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:secret"}}, "PutObject")

    QueueHandler("test", handle)(split_events(1), Context())
    line = lines(capsys.readouterr().out)[0]
    assert (line["error"], line["code"]) == ("ClientError", "AccessDenied")


TRACED = """
from lightship.handlers.queues import QueueHandler
from tests.handlers.records import Context, with_bodies
QueueHandler("score", lambda message: "scored")(with_bodies("score", {"correlation": "the-id"}), Context())
"""


def test_queue_record_is_traced_as_subsegment() -> None:
    """Run as in Lambda, with a sampled trace and a daemon that receives datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(30)
        environ = os.environ | {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
            "LAMBDA_TASK_ROOT": "/var/task",
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        }
        subprocess.run([sys.executable, "-c", TRACED], env=environ, check=True, capture_output=True, timeout=60)
        segment = json.loads(daemon.recv(65536).partition(b"\n")[2])
    assert segment["name"] == "## score"
    assert segment["annotations"] == {"correlation": "the-id"}
    assert segment["trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"


def test_gateway_imports_no_queue_modules() -> None:
    code = "import sys, lightship.handlers.gateway; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"aws_lambda_powertools", "boto3", "lightship.handlers.queues"} & set(done.stdout.split())
