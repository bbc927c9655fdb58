"""Queues by the names that people call them, and where each has its dead letters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship.errors import NotFound, SettingError


@dataclass(frozen=True)
class Queue:
    """A working queue and the queue of its dead letters, both as URLs; ``attempts`` is after how many one is dead."""

    name: str
    url: str
    dead: str
    attempts: int

    @property
    def fifo(self) -> bool:
        """Whether messages of a group keep their order."""
        return self.url.endswith(".fifo")


@dataclass(frozen=True)
class Load:
    """About how many messages there are: to be done, being done, and dead."""

    waiting: int
    under_way: int
    dead: int


def find(sqs: Any, named: Mapping[str, str], name: str) -> Queue:
    """A queue by its name, of these URLs by name.

    Raises NotFound for another name, SettingError where the queue is not there or has no dead letters.
    """
    if name not in named:
        raise NotFound(f"there is no queue '{name[:80]}': there are {', '.join(named)}")
    attributes = _attributes(sqs, name, named[name])
    if "RedrivePolicy" not in attributes:
        raise SettingError(f"the queue '{name}' has no dead-letter queue: its messages are tried until they expire")
    policy = json.loads(attributes["RedrivePolicy"])
    dead = url_of(sqs, policy["deadLetterTargetArn"])
    return Queue(name, named[name], dead, int(policy["maxReceiveCount"]))


def load(sqs: Any, queue: Queue) -> Load:
    """How full a queue is and how many dead letters it has. SQS counts roughly, and takes a minute to be right."""
    here, dead = _attributes(sqs, queue.name, queue.url), _attributes(sqs, queue.name, queue.dead)
    waiting, hidden = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
    return Load(int(here[waiting]), int(here[hidden]), int(dead[waiting]) + int(dead[hidden]))


def url_of(sqs: Any, arn: str) -> str:
    """The URL of a queue."""
    account, name = arn.split(":")[-2:]
    return str(sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"])


def _attributes(sqs: Any, name: str, url: str) -> Mapping[str, str]:
    try:
        return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])
    except sqs.exceptions.QueueDoesNotExist:
        raise SettingError(f"the queue '{name}' is not at {url}: LIGHTSHIP_QUEUES is of another stack") from None
