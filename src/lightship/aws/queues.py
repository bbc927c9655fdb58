"""SQS queues by their short names, with their dead-letter queues."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship.errors import NotFound, SettingError


@dataclass(frozen=True)
class Queue:
    """A queue and its dead-letter queue.

    ``url`` and ``dead`` are their URLs; ``attempts`` is the redrive policy's ``maxReceiveCount``.
    """

    name: str
    url: str
    dead: str
    attempts: int

    @property
    def fifo(self) -> bool:
        """Return whether it is a FIFO queue: messages of a group keep their order."""
        return self.url.endswith(".fifo")


@dataclass(frozen=True)
class Load:
    """Approximate numbers of messages: waiting, in flight, and dead letters.

    ``under_way`` is the number in flight, and the name of that number in the command line's JSON.
    """

    waiting: int
    under_way: int
    dead: int


def find(sqs: Any, named: Mapping[str, str], name: str) -> Queue:
    """Return a queue by its name; ``named`` holds the URLs by name.

    Raises NotFound for an unknown name, SettingError where the queue does not exist or has no dead-letter queue.
    """
    if name not in named:
        raise NotFound(f"there is no queue '{name[:80]}': there are {', '.join(named)}")
    attributes = _attributes(sqs, name, named[name])
    if "RedrivePolicy" not in attributes:
        raise SettingError(f"the queue '{name}' has no dead-letter queue: its messages are retried until they expire")
    policy = json.loads(attributes["RedrivePolicy"])
    dead = url_of(sqs, policy["deadLetterTargetArn"])
    return Queue(name, named[name], dead, int(policy["maxReceiveCount"]))


def load(sqs: Any, queue: Queue) -> Load:
    """Return a queue's approximate load; SQS's counts may be a minute old."""
    own, dead = _attributes(sqs, queue.name, queue.url), _attributes(sqs, queue.name, queue.dead)
    waiting, in_flight = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
    return Load(int(own[waiting]), int(own[in_flight]), int(dead[waiting]) + int(dead[in_flight]))


def url_of(sqs: Any, arn: str) -> str:
    """Return the URL of a queue by its ARN."""
    account, name = arn.split(":")[-2:]
    return str(sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"])


def _attributes(sqs: Any, name: str, url: str) -> Mapping[str, str]:
    try:
        return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])
    except sqs.exceptions.QueueDoesNotExist:
        raise SettingError(f"there is no queue '{name}' at {url}: LIGHTSHIP_QUEUES belongs to another stack") from None
