"""The operators' IAM policy in docs/operate.md allows all calls of commands."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from rich.console import Console

from lightship.aws.stack import StackSettings
from lightship.cli.bucket import uploads
from lightship.jobs import operations
from lightship.jobs.cloud import connect
from lightship.jobs.ledger.requests import Request
from tests.cli.conftest import EmulatedStack
from tests.emulator import ROOT
from tests.jobs.clouds import watched

ROWS = ROOT / "examples" / "quickstart" / "patients.csv"
# Actions by call where their names differ, and calls that need no permission.
ACTIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
FREE = {"sts:GetCallerIdentity"}


def allowed() -> set[str]:
    """Return every action of the policy."""
    (text,) = (
        text
        for text in re.findall(r"^```json\n(.*?)^```$", (ROOT / "docs" / "operate.md").read_text(), re.M | re.S)
        if "sqs:ReceiveMessage" in text
    )
    actions = [statement["Action"] for statement in json.loads(text)["Statement"]]
    return {action for each in actions for action in ([each] if isinstance(each, str) else each)}


@pytest.fixture
def recorded_calls(stack: EmulatedStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Record the actions of AWS clients created after this."""
    calls: set[str] = set()
    session = boto3.session.Session()

    def note(model: Any, **_: Any) -> None:
        call = f"{model.service_model.endpoint_prefix}:{model.name}"
        calls.add(ACTIONS.get(call, call))

    session.events.register("before-call", note)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", session)
    yield calls
    monkeypatch.undo()


def test_policy_for_operators_equals_calls_of_commands(stack: EmulatedStack, recorded_calls: set[str]) -> None:
    for name in ("score", "split", "requests"):
        stack.sqs.send_message(
            QueueUrl=stack.dead[name].url, MessageBody=json.dumps({"chunk": {"job": "j", "index": 1}})
        )
        stack.run("dlq", "show", name)
        assert stack.run("dlq", "redrive", name, "--all").exit_code == 0
    stack.run("dlq", "list")
    stack.run("schedule", "list")
    assert stack.run("schedule", "run", stack.schedule).exit_code == 0
    cloud = connect(StackSettings.from_environment(os.environ))
    owner = str(boto3.client("sts").get_caller_identity()["Arn"])
    with watched(cloud) as (seen, network):  # obstore's calls do not pass boto3's session
        folder = uploads.send({ROWS.name: ROWS}, seen, owner, Console(quiet=True))
        job = operations.start(seen, Request(owner=owner, model="quickstart", key=folder + ROWS.name))
        calls = {f"s3:{request.partition(' ')[0]}" for request in network.seen}
        recorded_calls.update(ACTIONS.get(call, call) for call in calls)
    stack.run("job", "list")
    stack.run("job", "retry", job.id)
    stack.run("job", "cancel", job.id)
    assert recorded_calls - FREE
    assert recorded_calls - FREE <= allowed()
    uncalled = {"cloudformation:DescribeStacks", "s3:AbortMultipartUpload"}
    assert allowed() - recorded_calls == uncalled
