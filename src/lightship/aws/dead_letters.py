"""Dead letters: messages that SQS moved to a dead-letter queue.

SQS cannot show a message without receiving it. Messages that are only shown are invisible to other consumers
meanwhile, and are then made visible again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from lightship.aws.queues import Queue

# Visibility timeout in seconds: ten messages are redriven in much less, and those of a crashed command return soon.
_VISIBILITY_TIMEOUT = 120

# FIFO queues drop a message whose deduplication id was used within five minutes, but report success. In seconds, with
# a minute more because clocks differ.
_DEDUPLICATION = 300 + 60


@dataclass(frozen=True)
class DeadLetter:
    """A dead letter, with everything needed to send it again.

    Attributes:
        id: SQS's message id.
        body: the text that was sent.
        received: number of receives, this one included.
        sent: time of sending, in seconds since 1970.
        handle: the receipt handle, for deleting it or changing its visibility.
        attributes: the sender's message attributes, as ``send_message`` takes them.
        group: message group id, in a FIFO queue.
        deduplication: deduplication id, in a FIFO queue.
    """

    id: str
    body: str
    received: int
    sent: float
    handle: str
    attributes: Mapping[str, Any]
    group: str | None = None
    deduplication: str | None = None

    @property
    def content(self) -> Mapping[str, Any]:
        """Return the body's JSON object; empty where the body is anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class RedriveResult:
    """Result of a redrive.

    ``moved`` counts messages sent back to their queue; ``kept`` those that the FIFO queue would drop as duplicates.
    """

    moved: int
    kept: int


class DeadLetterReceiver:
    """Context manager that receives dead letters and releases the undeleted ones."""

    def __init__(self, sqs: Any, queue: Queue, *, now: Callable[[], float] = time.time) -> None:
        self._sqs = sqs
        self._queue = queue
        self._url = queue.dead
        self._now = now
        self._seen: set[str] = set()
        self._unreleased: dict[str, DeadLetter] = {}

    def __enter__(self) -> DeadLetterReceiver:
        """Return itself; nothing is received yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Make undeleted messages visible, unless their receipt handles have expired."""
        for letter in self._unreleased.values():
            with suppress(self._sqs.exceptions.ClientError):
                self._sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=letter.handle, VisibilityTimeout=0
                )

    def receive(self, limit: int) -> Iterator[DeadLetter]:
        """Yield up to ``limit`` messages, each once.

        A FIFO queue returns at most ten messages of a group until one of them is deleted.
        """
        while len(self._seen) < limit and (found := self._receive(min(10, limit - len(self._seen)))):
            yield from found

    def delete(self, letter: DeadLetter) -> None:
        """Delete a message from the dead-letter queue."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=letter.handle)
        del self._unreleased[letter.id]

    def redrive(
        self,
        limit: int,
        *,
        prepare: Callable[[DeadLetter], None] = lambda letter: None,
        progress: Callable[[], None] = lambda: None,
    ) -> RedriveResult:
        """Send messages back to their source queue one by one, deleting each one sent.

        An interruption may leave one message in both queues, never in neither. ``prepare`` is called before a message
        is sent, ``progress`` after each message. Body, attributes, group and deduplication id are unchanged.
        """
        moved = kept = 0
        for letter in self.receive(limit):
            if self._queue.fifo and self._now() - letter.sent < _DEDUPLICATION:
                kept += 1
            else:
                prepare(letter)
                _send(self._sqs, self._queue, letter)
                self.delete(letter)
                moved += 1
            progress()
        return RedriveResult(moved, kept)

    def _receive(self, limit: int) -> list[DeadLetter]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=limit,
            VisibilityTimeout=_VISIBILITY_TIMEOUT,
            WaitTimeSeconds=1,  # long polling queries every server of the queue, short polling only some
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = [_dead_letter(message) for message in answer.get("Messages", [])]
        fresh = [letter for letter in messages if letter.id not in self._seen]
        self._seen.update(letter.id for letter in messages)
        self._unreleased.update({letter.id: letter for letter in messages})
        return fresh


def show(sqs: Any, queue: Queue, *, limit: int) -> list[DeadLetter]:
    """Return up to ``limit`` dead letters of a queue; ten per group of a FIFO queue."""
    with DeadLetterReceiver(sqs, queue) as receiver:
        return list(receiver.receive(limit))


def _send(sqs: Any, queue: Queue, letter: DeadLetter) -> None:
    options: dict[str, Any] = {"MessageAttributes": dict(letter.attributes)} if letter.attributes else {}
    if queue.fifo:
        options |= {"MessageGroupId": letter.group, "MessageDeduplicationId": letter.deduplication}
    elif letter.group:  # fair queueing between the groups of a standard queue
        options["MessageGroupId"] = letter.group
    sqs.send_message(QueueUrl=queue.url, MessageBody=letter.body, **options)


def _dead_letter(message: Mapping[str, Any]) -> DeadLetter:
    system = message["Attributes"]
    fields = ("DataType", "StringValue", "BinaryValue")
    attributes = {
        name: {key: value[key] for key in fields if key in value}
        for name, value in message.get("MessageAttributes", {}).items()
    }
    return DeadLetter(
        id=message["MessageId"],
        body=message["Body"],
        received=int(system["ApproximateReceiveCount"]),
        sent=int(system["SentTimestamp"]) / 1000,
        handle=message["ReceiptHandle"],
        attributes=attributes,
        group=system.get("MessageGroupId"),
        deduplication=system.get("MessageDeduplicationId"),
    )
