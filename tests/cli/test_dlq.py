"""``lightship dlq``: what functions gave up is seen, and goes back to where it came from, whoever dies on the way."""

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
from lightship.aws.dead_letters import Letters
from lightship.handlers.compile import Services, work
from lightship.handlers.compiling.quarantine import Workers
from lightship.handlers.queues import Queue
from lightship.jobs import operations
from lightship.jobs.ledger.requests import SYSTEM
from lightship.jobs.score import score
from lightship.jobs.split import plan
from tests.cli.conftest import Yard
from tests.emulator import ROOT
from tests.handlers.records import Context, failures, with_bodies

Deaden = Callable[..., None]
REQUEST = json.dumps({"schema": 1, "request": {"method": "POST", "path": "/predict"}, "correlation": "c-1"})
ROWS = (ROOT / "examples" / "quickstart" / "patients.csv").read_bytes()


def test_list_counts_what_waits_and_what_is_dead(yard: Yard, deaden: Deaden) -> None:
    deaden("requests", "a", "b")
    yard.sqs.send_message(QueueUrl=yard.queues["requests"].url, MessageBody="c")
    found = {record["name"]: record for record in yard.json("dlq", "list")}
    assert list(found) == ["compile", "split", "score", "requests", "requests-fifo"]
    assert found["requests"]["messages"] == {"waiting": 1, "under_way": 0, "dead": 2}
    assert found["requests"]["dead"] == yard.dead["requests"].url
    assert found["score"]["messages"] == {"waiting": 0, "under_way": 0, "dead": 0}
    said = yard.run("dlq", "list").stdout
    assert "requests-fifo" in said
    assert max(map(len, said.splitlines())) <= 80


def test_show_leaves_a_letter_where_it_is(yard: Yard, deaden: Deaden) -> None:
    attribute = {"who": {"DataType": "String", "StringValue": "ann"}}
    deaden("requests", REQUEST, MessageAttributes=attribute)
    (shown,) = yard.json("dlq", "show", "requests")
    assert (shown["body"], shown["what"], shown["correlation"]) == (REQUEST, "POST /predict", "c-1")
    assert shown["attributes"] == attribute
    assert abs(shown["sent"] - time.time()) < 60
    assert shown["received"] > 5
    assert yard.bodies(yard.dead["requests"]) == [REQUEST]
    assert "POST /predict\n" in yard.run("dlq", "show", "requests").stdout
    assert shown["id"] in yard.run("dlq", "show", "requests").stdout
    assert "score" in yard.run("dlq", "show", "score").stdout
    assert yard.json("dlq", "show", "score") == []


def test_show_says_why_where_the_function_s_log_is_on_this_machine(
    yard: Yard, deaden: Deaden, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deaden("compile", REQUEST)
    (letter,) = yard.json("dlq", "show", "compile")
    assert letter["why"] is None
    event = with_bodies("compile", json.loads(REQUEST))
    event["Records"][0]["messageId"] = letter["id"]
    services = Services(yard.cloud.registry, "default", yard.s3, None, Workers(None, "none"))
    with (tmp_path / "CompileFunction.log").open("w") as log, redirect_stdout(log):
        failing = Queue("compile", lambda message: work(message, services))(event, Context())
    assert failures(failing) == [letter["id"]]
    monkeypatch.setenv("LIGHTSHIP_LOGS", str(tmp_path))
    (letter,) = yard.json("dlq", "show", "compile")
    assert "Object Created" in letter["why"]
    assert f"why          {letter['why']}\n" in yard.run("dlq", "show", "compile").stdout


ABOUT = [
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


def test_show_says_what_a_message_is_about(yard: Yard, deaden: Deaden) -> None:
    deaden("score", *(json.dumps(body) for body, _ in ABOUT))
    shown = {record["body"]: record["what"] for record in yard.json("dlq", "show", "score")}
    assert len(shown) == len(ABOUT)
    for body, what in ABOUT:
        assert what in shown[json.dumps(body)]
        assert len(shown[json.dumps(body)]) <= 200
    assert yard.run("dlq", "show", "score").exit_code == 0


def test_redrive_takes_a_letter_back_as_it_was(yard: Yard, deaden: Deaden) -> None:
    binary = {"raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    deaden("requests", "a", MessageAttributes=binary)
    deaden("requests", *(str(number) for number in range(24)))
    assert yard.json("dlq", "redrive", "requests", "--limit", "1") == {"moved": 1, "kept": 0}
    assert "24 messages" in yard.run("dlq", "redrive", "requests", "--all").stdout
    assert not yard.bodies(yard.dead["requests"])
    load = queues.load(yard.sqs, queues.find(yard.sqs, {"requests": yard.queues["requests"].url}, "requests"))
    assert (load.waiting, load.dead) == (25, 0)
    back = [message for _ in range(3) for message in _taken(yard, "requests")]
    (first,) = (message for message in back if message["Body"] == "a")
    assert first["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\xff"
    assert {message["Body"] for message in back} == {"a", *(str(number) for number in range(24))}


def _taken(yard: Yard, name: str) -> list[dict[str, Any]]:
    return list(
        yard.sqs.receive_message(
            QueueUrl=yard.queues[name].url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
    )


def found(yard: Yard, name: str) -> queues.Queue:
    return queues.find(yard.sqs, {name: yard.queues[name].url}, name)


def test_a_fifo_queue_gets_its_letters_in_their_order_with_their_ids(yard: Yard, deaden: Deaden) -> None:
    bodies = [str(number) for number in range(15)]
    deaden("requests-fifo", *bodies)
    later = time.time() + 3600
    with Letters(yard.sqs, found(yard, "requests-fifo"), now=lambda: later) as letters:
        done = letters.redrive(15)
    assert (done.moved, done.kept) == (15, 0)
    first = yard.receive(yard.queues["requests-fifo"])
    assert [message["Body"] for message in first] == bodies[:10]
    assert {message["Attributes"]["MessageGroupId"] for message in first} == {"g"}
    assert [message["Attributes"]["MessageDeduplicationId"] for message in first] == [f"d{n}" for n in range(10)]


def test_a_letter_that_a_fifo_queue_would_drop_as_a_repetition_is_kept(yard: Yard, deaden: Deaden) -> None:
    deaden("requests-fifo", "a", "b")
    result = yard.run("dlq", "redrive", "requests-fifo", "--all")
    assert "0 messages" in result.stdout
    assert "2 kept" in result.stdout
    assert yard.bodies(yard.dead["requests-fifo"]) == ["a", "b"]


def test_who_is_stopped_in_between_loses_nothing(yard: Yard, deaden: Deaden) -> None:
    deaden("requests", *(str(number) for number in range(8)))
    stops = iter([None, None, KeyboardInterrupt])

    def stop() -> None:
        if error := next(stops):
            raise error

    with pytest.raises(KeyboardInterrupt), Letters(yard.sqs, found(yard, "requests")) as letters:
        letters.redrive(8, told=stop)
    moved, left = yard.bodies(yard.queues["requests"]), yard.bodies(yard.dead["requests"])
    assert (len(moved), len(left)) == (3, 5)
    assert sorted(moved + left) == [str(number) for number in range(8)]


@pytest.mark.parametrize("call", ["SendMessage", "DeleteMessage"])
def test_a_call_that_fails_loses_nothing(yard: Yard, deaden: Deaden, call: str) -> None:
    deaden("requests", "a", "b")

    def fail(**_: Any) -> None:
        raise ConnectionError(call)

    yard.sqs.meta.events.register(f"before-call.sqs.{call}", fail)
    with pytest.raises(ConnectionError), Letters(yard.sqs, found(yard, "requests")) as letters:
        letters.redrive(2)
    yard.sqs.meta.events.unregister(f"before-call.sqs.{call}", fail)
    assert sorted(yard.bodies(yard.dead["requests"])) == ["a", "b"]
    assert len(yard.bodies(yard.queues["requests"])) == (1 if call == "DeleteMessage" else 0)
    with Letters(yard.sqs, found(yard, "requests")) as letters:
        letters.redrive(2)
    assert set(yard.bodies(yard.queues["requests"])) == {"a", "b"}


def event(yard: Yard, key: str) -> str:
    """What EventBridge sends for a file that was dropped into the bucket."""
    put = yard.s3.put_object(Bucket=yard.bucket, Key=key, Body=ROWS)
    entry = {"key": key, "size": len(ROWS), "etag": put["ETag"].strip('"'), "version-id": put["VersionId"]}
    detail = {"bucket": {"name": yard.bucket}, "object": entry}
    return json.dumps({"id": key, "detail-type": "Object Created", "source": "aws.s3", "detail": detail})


def state(yard: Yard) -> str:
    """Of the only job that files and the clock have started."""
    (job,) = yard.json("job", "list", "--system")
    return str(job["state"])


def test_a_jobs_chunk_has_its_attempts_again(yard: Yard) -> None:
    """The worker dies five times, long ago: its job is incomplete until the letter is redriven."""
    ago = yard.slow(3600)
    plan.handle(json.loads(event(yard, "batch/quickstart/input/rows.csv")), ago)
    (message,) = yard.receive(yard.queues["score"])
    broken = replace(ago, registry="s3://no-such-bucket/models")
    for _ in range(5):
        with pytest.raises(Exception, match="NoSuchBucket"):
            score.handle(json.loads(message["Body"]), broken)
    yard.bury("score")
    assert state(yard) == "incomplete"
    assert yard.json("dlq", "show", "score")[0]["what"].startswith("chunk 0 of job")
    assert yard.json("dlq", "redrive", "score", "--all")["moved"] == 1
    assert state(yard) == "running"
    (again,) = yard.receive(yard.queues["score"])
    assert again["Body"] == message["Body"]
    score.handle(json.loads(again["Body"]), yard.cloud)
    assert state(yard) == "done"


@pytest.mark.parametrize("kind", ["event", "split"])
def test_a_job_that_could_not_be_split_has_its_attempts_again(yard: Yard, kind: str) -> None:
    body = event(yard, "batch/quickstart/input/rows.csv")
    ago = yard.slow(3600)

    def fail(**_: Any) -> None:
        raise ConnectionError("gone")

    ago.sqs.meta.events.register("before-call.sqs.SendMessageBatch", fail)
    for _ in range(5):
        with pytest.raises(ConnectionError):
            plan.handle(json.loads(body), ago)
    ago.sqs.meta.events.unregister("before-call.sqs.SendMessageBatch", fail)
    (job,) = operations.jobs(yard.cloud, owner=SYSTEM)
    sent = body if kind == "event" else json.dumps({"schema": 1, "split": {"job": job.id}})
    yard.sqs.send_message(QueueUrl=yard.queues["split"].url, MessageBody=sent)
    yard.bury("split")
    assert state(yard) == "incomplete"
    assert yard.json("dlq", "redrive", "split", "--all")["moved"] == 1
    assert state(yard) == "splitting"
    assert yard.bodies(yard.queues["split"]) == [sent]


def test_what_nobody_can_read_goes_back_too(yard: Yard, deaden: Deaden) -> None:
    bodies = ["no json", "[]", '{"chunk": 1}', '{"chunk": {"job": "x", "index": "y"}}', '{"detail": 1}']
    deaden("score", *bodies)
    assert yard.json("dlq", "redrive", "score", "--all")["moved"] == len(bodies)
    assert sorted(yard.bodies(yard.queues["score"])) == sorted(bodies)


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
def test_a_mistake_is_named_with_exit_code_2(yard: Yard, words: list[str], named: str) -> None:
    result = yard.run("dlq", *words)
    assert result.exit_code == 2
    assert named in result.stderr


EVERY = ("dlq list", "job list", "schedule list")


@pytest.mark.parametrize(
    ("variable", "value", "named", "commands"),
    [
        ("LIGHTSHIP_QUEUES", "", "LIGHTSHIP_QUEUES", EVERY[:1]),
        ("LIGHTSHIP_BUCKET", "", "LIGHTSHIP_BUCKET", EVERY),
        ("LIGHTSHIP_QUEUES", "score", "NAME=URL", EVERY),
        ("LIGHTSHIP_QUEUES", "score={account}/gone", "/gone", EVERY[:1]),
        ("LIGHTSHIP_QUEUES", "score={account}/{yard}-ScoreDeadLetters", "dead-letter queue", EVERY[:1]),
        ("LIGHTSHIP_JOBS_TABLE", "gone", "ResourceNotFoundException", EVERY[1:]),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "network", EVERY),
        ("AWS_DEFAULT_REGION", "", "NoRegionError", EVERY),
        ("AWS_ACCESS_KEY_ID", "", "NoCredentialsError", EVERY),
        ("AWS_PROFILE", "nobody", "nobody", EVERY),
    ],
)
def test_a_wrong_environment_is_named_on_one_line_with_exit_code_2(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, named: str, commands: tuple[str, ...]
) -> None:
    _without_an_account(monkeypatch)
    monkeypatch.setenv(variable, value.format(account=yard.queues["score"].url.rpartition("/")[0], yard=yard.name))
    if not value:
        monkeypatch.delenv(variable)
        monkeypatch.delenv(variable.replace("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"), raising=False)
    for command in commands:
        result = yard.run(*command.split())
        assert result.exit_code == 2, result.output
        assert named in result.stderr
        assert len(result.stderr.splitlines()) == 1


def _without_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
