"""``lightship dlq``: dead letters are listed, shown and redriven without loss."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lightship.aws import queues
from lightship.aws.dead_letters import DeadLetterReceiver
from lightship.handlers.compile import Services, work
from lightship.handlers.compiling.quarantine import Workers
from lightship.handlers.queues import QueueHandler
from lightship.jobs import operations
from lightship.jobs.ledger.requests import SYSTEM
from lightship.jobs.score import score
from lightship.jobs.split import plan
from tests.cli.conftest import EmulatedStack
from tests.emulator import ROOT
from tests.handlers.records import Context, failures, with_bodies

SendToDlq = Callable[..., None]
REQUEST = json.dumps({"schema": 1, "request": {"method": "POST", "path": "/predict"}, "correlation": "c-1"})
ROWS = (ROOT / "examples" / "quickstart" / "patients.csv").read_bytes()


def test_list_counts_waiting_and_dead_messages(stack: EmulatedStack, send_to_dlq: SendToDlq) -> None:
    send_to_dlq("requests", "a", "b")
    stack.sqs.send_message(QueueUrl=stack.queues["requests"].url, MessageBody="c")
    found = {record["name"]: record for record in stack.json("dlq", "list")}
    assert list(found) == ["compile", "split", "score", "requests", "requests-fifo"]
    assert found["requests"]["messages"] == {"waiting": 1, "under_way": 0, "dead": 2}
    assert found["requests"]["dead"] == stack.dead["requests"].url
    assert found["score"]["messages"] == {"waiting": 0, "under_way": 0, "dead": 0}
    output = stack.run("dlq", "list").stdout
    assert "requests-fifo" in output
    assert max(map(len, output.splitlines())) <= 80


def test_show_leaves_message_in_dead_letter_queue(stack: EmulatedStack, send_to_dlq: SendToDlq) -> None:
    attribute = {"who": {"DataType": "String", "StringValue": "ann"}}
    send_to_dlq("requests", REQUEST, MessageAttributes=attribute)
    (shown,) = stack.json("dlq", "show", "requests")
    assert (shown["body"], shown["what"], shown["correlation"]) == (REQUEST, "POST /predict", "c-1")
    assert shown["attributes"] == attribute
    assert abs(shown["sent"] - time.time()) < 60
    assert shown["received"] > 5
    assert stack.bodies(stack.dead["requests"]) == [REQUEST]
    assert "POST /predict\n" in stack.run("dlq", "show", "requests").stdout
    assert shown["id"] in stack.run("dlq", "show", "requests").stdout
    assert "score" in stack.run("dlq", "show", "score").stdout
    assert stack.json("dlq", "show", "score") == []


def test_show_with_local_function_log_prints_error(
    stack: EmulatedStack, send_to_dlq: SendToDlq, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    send_to_dlq("compile", REQUEST)
    (letter,) = stack.json("dlq", "show", "compile")
    assert letter["why"] is None
    event = with_bodies("compile", json.loads(REQUEST))
    event["Records"][0]["messageId"] = letter["id"]
    services = Services(stack.cloud.registry, "default", stack.s3, None, Workers(None, "none"))
    with (tmp_path / "CompileFunction.log").open("w") as log, redirect_stdout(log):
        failing = QueueHandler("compile", lambda message: work(message, services))(event, Context())
    assert failures(failing) == [letter["id"]]
    monkeypatch.setenv("LIGHTSHIP_LOGS", str(tmp_path))
    (letter,) = stack.json("dlq", "show", "compile")
    assert "Object Created" in letter["why"]
    assert f"why          {letter['why']}\n" in stack.run("dlq", "show", "compile").stdout


SUMMARIES = [
    ({"schema": 1, "chunk": {"job": "j1", "index": 7}}, "chunk 7 of job j1"),
    ({"schema": 1, "split": {"job": "j1"}}, "splitting of job j1"),
    ({"schema": 1, "finish": {"job": "j1"}}, "receipt of job j1"),
    ({"run": {"schedule": "s", "time": "2026-11-10T00:00:00Z", "model": "m"}}, "run of schedule s at 2026-11-10"),
    ({"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": "k"}}}, "s3://b/k"),
    ({"request": {"method": "POST", "path": "/models/\ud800/predict"}}, "POST /models/\\ud800/predict"),
    ({"chunk": "j1"}, '{"chunk": "j1"}'),
    ([1], "[1]"),
    ("x" * 300, "x" * 150),
]


def test_show_summarises_each_kind_of_message(stack: EmulatedStack, send_to_dlq: SendToDlq) -> None:
    send_to_dlq("score", *(json.dumps(body) for body, _ in SUMMARIES))
    shown = {record["body"]: record["what"] for record in stack.json("dlq", "show", "score")}
    assert len(shown) == len(SUMMARIES)
    for body, what in SUMMARIES:
        assert what in shown[json.dumps(body)]
        assert len(shown[json.dumps(body)]) <= 200
    assert stack.run("dlq", "show", "score").exit_code == 0


def test_redrive_keeps_body_and_attributes(stack: EmulatedStack, send_to_dlq: SendToDlq) -> None:
    binary = {"raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    send_to_dlq("requests", "a", MessageAttributes=binary)
    send_to_dlq("requests", *(str(number) for number in range(24)))
    assert stack.json("dlq", "redrive", "requests", "--limit", "1") == {"moved": 1, "kept": 0}
    assert "24 messages" in stack.run("dlq", "redrive", "requests", "--all").stdout
    assert not stack.bodies(stack.dead["requests"])
    load = queues.load(stack.sqs, queues.find(stack.sqs, {"requests": stack.queues["requests"].url}, "requests"))
    assert (load.waiting, load.dead) == (25, 0)
    back = [message for _ in range(3) for message in _received(stack, "requests")]
    (first,) = (message for message in back if message["Body"] == "a")
    assert first["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\xff"
    assert {message["Body"] for message in back} == {"a", *(str(number) for number in range(24))}


def _received(stack: EmulatedStack, name: str) -> list[dict[str, Any]]:
    return list(
        stack.sqs.receive_message(
            QueueUrl=stack.queues[name].url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
    )


def found(stack: EmulatedStack, name: str) -> queues.Queue:
    return queues.find(stack.sqs, {name: stack.queues[name].url}, name)


def test_redrive_fifo_queue_keeps_order_and_ids(stack: EmulatedStack, send_to_dlq: SendToDlq) -> None:
    bodies = [str(number) for number in range(15)]
    send_to_dlq("requests-fifo", *bodies)
    later = time.time() + 3600
    with DeadLetterReceiver(stack.sqs, found(stack, "requests-fifo"), now=lambda: later) as receiver:
        done = receiver.redrive(15)
    assert (done.moved, done.kept) == (15, 0)
    first = stack.receive(stack.queues["requests-fifo"])
    assert [message["Body"] for message in first] == bodies[:10]
    assert {message["Attributes"]["MessageGroupId"] for message in first} == {"g"}
    assert [message["Attributes"]["MessageDeduplicationId"] for message in first] == [f"d{n}" for n in range(10)]


def test_redrive_fifo_queue_keeps_recent_messages(stack: EmulatedStack, send_to_dlq: SendToDlq) -> None:
    send_to_dlq("requests-fifo", "a", "b")
    result = stack.run("dlq", "redrive", "requests-fifo", "--all")
    assert "0 messages" in result.stdout
    assert "2 kept" in result.stdout
    assert stack.bodies(stack.dead["requests-fifo"]) == ["a", "b"]


def test_redrive_interrupted_loses_nothing(stack: EmulatedStack, send_to_dlq: SendToDlq) -> None:
    send_to_dlq("requests", *(str(number) for number in range(8)))
    stops = iter([None, None, KeyboardInterrupt])

    def stop() -> None:
        if error := next(stops):
            raise error

    with pytest.raises(KeyboardInterrupt), DeadLetterReceiver(stack.sqs, found(stack, "requests")) as receiver:
        receiver.redrive(8, progress=stop)
    moved, left = stack.bodies(stack.queues["requests"]), stack.bodies(stack.dead["requests"])
    assert (len(moved), len(left)) == (3, 5)
    assert sorted(moved + left) == [str(number) for number in range(8)]


@pytest.mark.parametrize("call", ["SendMessage", "DeleteMessage"])
def test_redrive_failed_call_loses_nothing(stack: EmulatedStack, send_to_dlq: SendToDlq, call: str) -> None:
    send_to_dlq("requests", "a", "b")

    def fail(**_: Any) -> None:
        raise ConnectionError(call)

    stack.sqs.meta.events.register(f"before-call.sqs.{call}", fail)
    with pytest.raises(ConnectionError), DeadLetterReceiver(stack.sqs, found(stack, "requests")) as receiver:
        receiver.redrive(2)
    stack.sqs.meta.events.unregister(f"before-call.sqs.{call}", fail)
    assert sorted(stack.bodies(stack.dead["requests"])) == ["a", "b"]
    assert len(stack.bodies(stack.queues["requests"])) == (1 if call == "DeleteMessage" else 0)
    with DeadLetterReceiver(stack.sqs, found(stack, "requests")) as receiver:
        receiver.redrive(2)
    assert set(stack.bodies(stack.queues["requests"])) == {"a", "b"}


def event(stack: EmulatedStack, key: str) -> str:
    """Return EventBridge's event for a file put into the bucket."""
    put = stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=ROWS)
    entry = {"key": key, "size": len(ROWS), "etag": put["ETag"].strip('"'), "version-id": put["VersionId"]}
    detail = {"bucket": {"name": stack.bucket}, "object": entry}
    return json.dumps({"id": key, "detail-type": "Object Created", "source": "aws.s3", "detail": detail})


def state(stack: EmulatedStack) -> str:
    """Return the state of the system's only job."""
    (job,) = stack.json("job", "list", "--system")
    return str(job["state"])


def test_redrive_chunk_resets_attempts(stack: EmulatedStack) -> None:
    """Fail a worker five times, in the past: the job is incomplete until the redrive."""
    ago = stack.slow(3600)
    plan.handle(json.loads(event(stack, "batch/quickstart/input/rows.csv")), ago)
    (message,) = stack.receive(stack.queues["score"])
    broken = replace(ago, registry="s3://no-such-bucket/models")
    for _ in range(5):
        with pytest.raises(Exception, match="NoSuchBucket"):
            score.handle(json.loads(message["Body"]), broken)
    stack.exhaust_receives("score")
    assert state(stack) == "incomplete"
    assert stack.json("dlq", "show", "score")[0]["what"].startswith("chunk 0 of job")
    assert stack.json("dlq", "redrive", "score", "--all")["moved"] == 1
    assert state(stack) == "running"
    (again,) = stack.receive(stack.queues["score"])
    assert again["Body"] == message["Body"]
    score.handle(json.loads(again["Body"]), stack.cloud)
    assert state(stack) == "done"


@pytest.mark.parametrize("kind", ["event", "split"])
def test_redrive_split_message_resets_attempts(stack: EmulatedStack, kind: str) -> None:
    body = event(stack, "batch/quickstart/input/rows.csv")
    ago = stack.slow(3600)

    def fail(**_: Any) -> None:
        raise ConnectionError("gone")

    ago.sqs.meta.events.register("before-call.sqs.SendMessageBatch", fail)
    for _ in range(5):
        with pytest.raises(ConnectionError):
            plan.handle(json.loads(body), ago)
    ago.sqs.meta.events.unregister("before-call.sqs.SendMessageBatch", fail)
    (job,) = operations.jobs(stack.cloud, owner=SYSTEM)
    sent = body if kind == "event" else json.dumps({"schema": 1, "split": {"job": job.id}})
    stack.sqs.send_message(QueueUrl=stack.queues["split"].url, MessageBody=sent)
    stack.exhaust_receives("split")
    assert state(stack) == "incomplete"
    assert stack.json("dlq", "redrive", "split", "--all")["moved"] == 1
    assert state(stack) == "splitting"
    assert stack.bodies(stack.queues["split"]) == [sent]


def test_redrive_malformed_messages_are_sent_back(stack: EmulatedStack, send_to_dlq: SendToDlq) -> None:
    bodies = ["no json", "[]", '{"chunk": 1}', '{"chunk": {"job": "x", "index": "y"}}', '{"detail": 1}']
    send_to_dlq("score", *bodies)
    assert stack.json("dlq", "redrive", "score", "--all")["moved"] == len(bodies)
    assert sorted(stack.bodies(stack.queues["score"])) == sorted(bodies)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["show", "nowhere"], "compile, split, score, requests, requests-fifo"),
        (["redrive", "nowhere", "--all"], "'nowhere'"),
        (["redrive", "score"], "--limit N"),
        (["redrive", "score", "--all", "--limit", "3"], "--limit N"),
        (["redrive", "score", "--limit", "0"], "x>=1"),
    ],
)
def test_dlq_wrong_argument_is_named_with_exit_code_2(stack: EmulatedStack, words: list[str], named: str) -> None:
    result = stack.run("dlq", *words)
    assert result.exit_code == 2
    assert named in result.stderr


LIST_COMMANDS = ("dlq list", "job list", "schedule list")


@pytest.mark.parametrize(
    ("variable", "value", "named", "commands"),
    [
        ("LIGHTSHIP_QUEUES", "", "LIGHTSHIP_QUEUES", LIST_COMMANDS[:1]),
        ("LIGHTSHIP_BUCKET", "", "LIGHTSHIP_BUCKET", LIST_COMMANDS),
        ("LIGHTSHIP_QUEUES", "score", "NAME=URL", LIST_COMMANDS),
        ("LIGHTSHIP_QUEUES", "score={account}/gone", "/gone", LIST_COMMANDS[:1]),
        ("LIGHTSHIP_QUEUES", "score={account}/{stack}-ScoreDeadLetters", "dead-letter queue", LIST_COMMANDS[:1]),
        ("LIGHTSHIP_JOBS_TABLE", "gone", "ResourceNotFoundException", LIST_COMMANDS[1:]),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "network", LIST_COMMANDS),
        ("AWS_DEFAULT_REGION", "", "NoRegionError", LIST_COMMANDS),
        ("AWS_ACCESS_KEY_ID", "", "NoCredentialsError", LIST_COMMANDS),
        ("AWS_PROFILE", "no-profile", "no-profile", LIST_COMMANDS),
    ],
)
def test_environment_wrong_variable_is_named_with_exit_code_2(
    stack: EmulatedStack,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    named: str,
    commands: tuple[str, ...],
) -> None:
    _without_aws_account(monkeypatch)
    monkeypatch.setenv(variable, value.format(account=stack.queues["score"].url.rpartition("/")[0], stack=stack.name))
    if not value:
        monkeypatch.delenv(variable)
        monkeypatch.delenv(variable.replace("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"), raising=False)
    for command in commands:
        result = stack.run(*command.split())
        assert result.exit_code == 2, result.output
        assert named in result.stderr
        assert len(result.stderr.splitlines()) == 1


def _without_aws_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
