"""Queues of moto's, a function that answers what a test says, and a whole stack from this folder's template."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lightship.local.cloud import make_queues
from lightship.local.stack import Stack
from lightship.local.template.parts import Queue, SourceMapping

TEMPLATE = Path(__file__).with_name("template.yaml")
Event = dict[str, Any]


class Told:
    """A function in this process: remembers its events, and does what it was told for each in turn, then succeeds."""

    def __init__(self, *behaviours: Callable[[Event], Any]) -> None:
        self.events: list[Event] = []
        self._behaviours = list(behaviours)

    def invoke(self, event: Event) -> Any:
        self.events.append(event)
        return self._behaviours.pop(0)(event) if self._behaviours else None

    @property
    def bodies(self) -> list[list[str]]:
        return [[record["body"] for record in event["Records"]] for event in self.events]


def returning(*bodies: str) -> Callable[[Event], Any]:
    """Report the records with these bodies as failed."""

    def answer(event: Event) -> Any:
        failed = [record["messageId"] for record in event["Records"] if record["body"] in bodies]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    return answer


@pytest.fixture(scope="session")
def sqs(s3_endpoint: str) -> Iterator[Any]:
    """SQS as moto plays it."""
    client = boto3.client(
        "sqs",
        endpoint_url=s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    yield client
    client.close()


@pytest.fixture
def make_mapping(sqs: Any, s3_endpoint: str) -> Callable[..., SourceMapping]:
    """A new queue with its mapping; ``dead`` is its maxReceiveCount, after which a message goes to another queue."""

    def queue(attributes: dict[str, str], redrive: dict[str, Any] | None, suffix: str = "") -> Queue:
        name = f"q-{uuid.uuid4().hex[:12]}{suffix}"
        arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
        return Queue(name, f"{s3_endpoint}/123456789012/{name}", arn, attributes, redrive)

    def make(*, fifo: bool = False, dead: int = 0, visibility: int = 30, **mapping: Any) -> SourceMapping:
        kind = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
        suffix = ".fifo" if fifo else ""
        letters = queue(kind, None, suffix)
        redrive = {"deadLetterTargetArn": letters.arn, "maxReceiveCount": dead} if dead else None
        made = queue({**kind, "VisibilityTimeout": str(visibility)}, redrive, suffix)
        make_queues(sqs, [made, letters])
        return SourceMapping("function", made, **{"reports": True, **mapping})

    return make


@pytest.fixture
def send(sqs: Any) -> Callable[..., None]:
    """Send messages with these bodies; ``group/text`` where a queue is FIFO."""

    def send(mapping: SourceMapping, *bodies: str) -> None:
        for body in bodies:
            group = {"MessageGroupId": body.partition("/")[0]} if mapping.queue.fifo else {}
            sqs.send_message(QueueUrl=mapping.queue.url, MessageBody=body, **group)

    return send


@pytest.fixture
def left(sqs: Any) -> Callable[[SourceMapping], tuple[int, int]]:
    """How many messages a mapping's queue and its dead-letter queue hold, visible or not."""

    def count(url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def counts(mapping: SourceMapping) -> tuple[int, int]:
        policy = sqs.get_queue_attributes(QueueUrl=mapping.queue.url, AttributeNames=["RedrivePolicy"])
        dead = policy.get("Attributes", {}).get("RedrivePolicy")
        name = json.loads(dead)["deadLetterTargetArn"].rpartition(":")[2] if dead else None
        return count(mapping.queue.url), count(re.sub(r"[^/]+$", name, mapping.queue.url)) if name else 0

    return counts


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    """What the stack said went wrong."""
    return []


@pytest.fixture(scope="module")
def stack(complaints: list[str]) -> Generator[Stack]:
    """This folder's template, running."""
    with Stack(
        TEMPLATE,
        overrides={"Registry": "bucket"},
        redeliver=0,
        complain=lambda function, sentence: complaints.append(f"{function}: {sentence}"),
    ) as running:
        yield running
