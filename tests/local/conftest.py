"""Queues of moto, a fake function, and a stack of this folder's template."""

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


class FakeFunction:
    """A function in this process that records events and runs one behaviour for each.

    After the last behaviour it succeeds.
    """

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
    """Return a behaviour that reports the records with these bodies as failed."""

    def answer(event: Event) -> Any:
        failed = [record["messageId"] for record in event["Records"] if record["body"] in bodies]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    return answer


@pytest.fixture(scope="session")
def sqs(s3_endpoint: str) -> Iterator[Any]:
    """Return a client of moto's SQS."""
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
    """Return a function that creates a queue and its mapping.

    ``dead`` is the queue's maxReceiveCount; 0 means no dead-letter queue.
    """

    def queue(attributes: dict[str, str], redrive: dict[str, Any] | None, suffix: str = "") -> Queue:
        name = f"q-{uuid.uuid4().hex[:12]}{suffix}"
        arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
        return Queue(name, f"{s3_endpoint}/123456789012/{name}", arn, attributes, redrive)

    def make(*, fifo: bool = False, dead: int = 0, visibility: int = 30, **mapping: Any) -> SourceMapping:
        kind = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
        suffix = ".fifo" if fifo else ""
        dead_letter_queue = queue(kind, None, suffix)
        redrive = {"deadLetterTargetArn": dead_letter_queue.arn, "maxReceiveCount": dead} if dead else None
        made = queue({**kind, "VisibilityTimeout": str(visibility)}, redrive, suffix)
        make_queues(sqs, [made, dead_letter_queue])
        return SourceMapping("function", made, **{"reports": True, **mapping})

    return make


@pytest.fixture
def send(sqs: Any) -> Callable[..., None]:
    """Return a function that sends messages, to FIFO queues as ``group/text``."""

    def send(mapping: SourceMapping, *bodies: str) -> None:
        for body in bodies:
            group = {"MessageGroupId": body.partition("/")[0]} if mapping.queue.fifo else {}
            sqs.send_message(QueueUrl=mapping.queue.url, MessageBody=body, **group)

    return send


@pytest.fixture
def remaining(sqs: Any) -> Callable[[SourceMapping], tuple[int, int]]:
    """Return a function that counts messages of a queue and its dead-letter queue."""

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
def failures() -> list[str]:
    """Return the failures that the stack has reported."""
    return []


@pytest.fixture(scope="module")
def stack(failures: list[str]) -> Generator[Stack]:
    """Run this folder's template."""
    with Stack(
        TEMPLATE,
        overrides={"Registry": "bucket"},
        redeliver=0,
        on_failure=lambda function, reason: failures.append(f"{function}: {reason}"),
    ) as running:
        yield running
