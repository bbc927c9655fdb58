"""The policy that docs/operate.md gives to whoever looks after a stack allows each call that the commands make."""

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
from tests.cli.conftest import Yard
from tests.emulator import ROOT

ROWS = ROOT / "examples" / "quickstart" / "patients.csv"
# Calls that are allowed under another name, or to everybody.
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
    """Every action of the policy."""
    (text,) = (
        text
        for text in re.findall(r"^```json\n(.*?)^```$", (ROOT / "docs" / "operate.md").read_text(), re.M | re.S)
        if "sqs:ReceiveMessage" in text
    )
    actions = [statement["Action"] for statement in json.loads(text)["Statement"]]
    return {action for each in actions for action in ([each] if isinstance(each, str) else each)}


@pytest.fixture
def asked(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """What AWS has been asked for since, by clients made since."""
    calls: set[str] = set()
    session = boto3.session.Session()

    def note(model: Any, **_: Any) -> None:
        call = f"{model.service_model.endpoint_prefix}:{model.name}"
        calls.add(ACTIONS.get(call, call))

    session.events.register("before-call", note)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", session)
    yield calls
    monkeypatch.undo()


def test_what_the_commands_ask_for_is_what_the_policy_allows(yard: Yard, asked: set[str]) -> None:
    for name in ("score", "split", "requests"):
        yard.sqs.send_message(QueueUrl=yard.dead[name].url, MessageBody=json.dumps({"chunk": {"job": "j", "index": 1}}))
        yard.run("dlq", "show", name)
        assert yard.run("dlq", "redrive", name, "--all").exit_code == 0
    yard.run("dlq", "list")
    yard.run("schedule", "list")
    assert yard.run("schedule", "run", yard.schedule).exit_code == 0
    cloud = connect(StackSettings.from_environment(os.environ))
    owner = str(boto3.client("sts").get_caller_identity()["Arn"])
    folder = uploads.send({ROWS.name: ROWS}, cloud, owner, Console(quiet=True))
    job = operations.start(cloud, Request(owner=owner, model="quickstart", key=folder + ROWS.name))
    yard.run("job", "list")
    yard.run("job", "retry", job.id)
    yard.run("job", "cancel", job.id)
    assert asked - FREE
    assert asked - FREE <= allowed()
    unasked = {"cloudformation:DescribeStacks", "s3:AbortMultipartUpload"}
    assert allowed() - asked == unasked
