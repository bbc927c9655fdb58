"""This folder's template, running: events reach functions or dead-letter queues."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightship.errors import NotFound, SettingError
from lightship.local.stack import Stack
from tests.local.conftest import TEMPLATE
from tests.local.test_workers import has_ended

BUCKET = "lightship-local-bucket"


def wait_for(look: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
    return found


def written(stack: Stack, text: str) -> list[str]:
    """Return the objects written by the function that contain a text."""
    s3 = stack.cloud.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix="out/").get("Contents", [])]
    bodies = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys]
    s3.close()
    return [body for body in bodies if text in body]


def test_stack_object_event_reaches_function_for_matching_prefix_only(stack: Stack) -> None:
    s3 = stack.cloud.client("s3")
    s3.put_object(Bucket=BUCKET, Key="other/one.csv", Body=b"1")
    key = "batch/churn/input/ä + ü&=%.csv"
    version = s3.put_object(Bucket=BUCKET, Key=key, Body=b"1,2\n")["VersionId"]
    s3.close()
    (body,) = wait_for(lambda: written(stack, "batch/churn/"))
    event = json.loads(body)
    assert event["detail-type"] == "Object Created"
    assert event["detail"]["object"]["version-id"] == version
    assert event["detail"]["object"]["key"] == key
    assert not written(stack, "other/")


def test_stack_events_have_unique_ids(stack: Stack) -> None:
    s3 = stack.cloud.client("s3")
    for name in ("first.csv", "second.csv"):
        s3.put_object(Bucket=BUCKET, Key=f"batch/ids/input/{name}", Body=b"1,2\n")
    s3.close()
    bodies = wait_for(lambda: found if len(found := written(stack, "batch/ids/")) == 2 else None)
    assert len({json.loads(body)["id"] for body in bodies}) == 2


def test_stack_crashing_function_is_retried_until_dead_letter(stack: Stack, failures: list[str]) -> None:
    sqs = stack.cloud.client("sqs")
    queues = stack.wiring.queues
    sqs.send_message(QueueUrl=queues["ShoutQueue"].url, MessageBody="crash")

    def dead() -> Any:
        return sqs.receive_message(QueueUrl=queues["ShoutDeadLetters"].url, WaitTimeSeconds=1).get("Messages")

    (message,) = wait_for(dead)
    sqs.close()
    assert message["Body"] == "crash"
    assert failures.count("ShoutFunction: its process ended (exit status 1)") == 2


def test_stack_failed_record_does_not_block_other_records(stack: Stack) -> None:
    sqs = stack.cloud.client("sqs")
    entries = [{"Id": name, "MessageBody": name} for name in ("left", "poison", "right")]
    sqs.send_message_batch(QueueUrl=stack.wiring.queues["ShoutQueue"].url, Entries=entries)
    sqs.close()
    wait_for(lambda: written(stack, "left") and written(stack, "right"))
    assert not written(stack, "poison")


def test_stack_table_has_keys_index_and_expiry(stack: Stack) -> None:
    dynamodb = stack.cloud.client("dynamodb")
    name = stack.wiring.tables["JobsTable"].name
    table = dynamodb.describe_table(TableName=name)["Table"]
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    dynamodb.close()
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["job", "item"]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["owner"]
    assert expiry["AttributeName"] == "expires"


def test_stack_schedule_can_be_read(stack: Stack) -> None:
    scheduler = stack.cloud.client("scheduler")
    found = scheduler.get_schedule(GroupName="lightship-local", Name="nightly")
    scheduler.close()
    assert (found["ScheduleExpression"], found["State"]) == ("cron(0 3 * * ? *)", "ENABLED")
    assert found["Target"]["Arn"] == stack.wiring.queues["ShoutQueue"].arn


def test_stack_function_is_invoked_by_logical_name(stack: Stack) -> None:
    answer = stack.invoke("EchoFunction", {"a": 1})
    assert answer["environment"]["AWS_ENDPOINT_URL"] == stack.environment["AWS_ENDPOINT_URL"]
    with pytest.raises(NotFound, match="'Missing'.*ShoutFunction.*EchoFunction.*PlainFunction"):
        stack.invoke("Missing", {})


def test_stack_exit_ends_processes_and_removes_folder() -> None:
    with Stack(TEMPLATE, overrides={"Registry": "bucket"}) as running:
        running.invoke("EchoFunction", {})
        pids = running.processes()
        assert len(pids) == 2
        assert not any(map(has_ended, pids))
    assert all(map(has_ended, pids))
    assert not running.folder.exists()


def test_stack_invalid_setting_leaves_no_folder(tmp_path: Path, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    port = int(stack.cloud.endpoint.rpartition(":")[2])
    with pytest.raises(SettingError, match=f"cannot listen on 127.0.0.1 port {port}"):
        Stack(TEMPLATE, port=port)
    with pytest.raises(SettingError, match="'Colour'"):
        Stack(TEMPLATE, overrides={"Colour": "red"})
    assert not list(tmp_path.iterdir())
