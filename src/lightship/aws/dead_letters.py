"""Dead letters: messages that a function did not manage so many times that their queue gave them up.

SQS cannot show a message without handing it out. Letters that are only looked at are hidden from others for as long
as that takes, and then put back.
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

# Seconds for which a letter is hidden: ten are sent back in much less, and a crashed command gives its own back soon.
_HIDDEN = 120

# Seconds for which a FIFO queue takes a message with the id of an earlier one for a repetition, says that it has it,
# and drops it. A minute more, because clocks differ.
_REPETITION = 300 + 60


@dataclass(frozen=True)
class Letter:
    """A message, with all that sending it again takes.

    Attributes:
        id: SQS's message id.
        body: as it was sent.
        received: how often it was handed out, this time included.
        sent: when it was sent, in seconds since 1970.
        handle: by which it is deleted or put back.
        attributes: the sender's, as SQS takes them.
        group: in a FIFO queue.
        deduplication: by which a FIFO queue knows a repetition.
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
        """The body's JSON object; empty where it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class Redriven:
    """How many letters went back to their queue, and how many were kept because it would drop them as repetitions."""

    moved: int
    kept: int


class Letters:
    """A queue's dead letters in hand, as a context manager: those that are not deleted are put back at its end."""

    def __init__(self, sqs: Any, queue: Queue, *, now: Callable[[], float] = time.time) -> None:
        self._sqs = sqs
        self._queue = queue
        self._url = queue.dead
        self._now = now
        self._seen: set[str] = set()
        self._hidden: dict[str, Letter] = {}

    def __enter__(self) -> Letters:
        """Nothing is taken yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let others see what is left; what cannot be put back any more is back by itself."""
        for letter in self._hidden.values():
            with suppress(self._sqs.exceptions.ClientError):
                self._sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=letter.handle, VisibilityTimeout=0
                )

    def take(self, limit: int) -> Iterator[Letter]:
        """Letters, each once; a FIFO queue hands out ten of a group before the first of them is deleted."""
        while len(self._seen) < limit and (found := self._receive(min(10, limit - len(self._seen)))):
            yield from found

    def delete(self, letter: Letter) -> None:
        """Forget a letter for good."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=letter.handle)
        del self._hidden[letter.id]

    def redrive(
        self,
        limit: int,
        *,
        prepare: Callable[[Letter], None] = lambda letter: None,
        told: Callable[[], None] = lambda: None,
    ) -> Redriven:
        """Send letters to the queue that they come from, one by one, and delete each when it is there.

        An interruption leaves one letter in both queues and none in neither. ``prepare`` is called before a letter is
        sent, ``told`` after it. A letter's text, attributes, group and deduplication id stay as they were.
        """
        moved = kept = 0
        for letter in self.take(limit):
            if self._queue.fifo and self._now() - letter.sent < _REPETITION:
                kept += 1
            else:
                prepare(letter)
                _send(self._sqs, self._queue, letter)
                self.delete(letter)
                moved += 1
            told()
        return Redriven(moved, kept)

    def _receive(self, most: int) -> list[Letter]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=_HIDDEN,
            WaitTimeSeconds=1,  # asks every server of the queue, not some
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        letters = [_letter(message) for message in answer.get("Messages", [])]
        fresh = [letter for letter in letters if letter.id not in self._seen]
        self._seen.update(letter.id for letter in letters)
        self._hidden.update({letter.id: letter for letter in letters})
        return fresh


def show(sqs: Any, queue: Queue, *, limit: int) -> list[Letter]:
    """Dead letters of a queue as they are, as many as ``limit``; of a FIFO queue ten of each group."""
    with Letters(sqs, queue) as letters:
        return list(letters.take(limit))


def _send(sqs: Any, queue: Queue, letter: Letter) -> None:
    given: dict[str, Any] = {"MessageAttributes": dict(letter.attributes)} if letter.attributes else {}
    if queue.fifo:
        given |= {"MessageGroupId": letter.group, "MessageDeduplicationId": letter.deduplication}
    elif letter.group:  # a standard queue's groups share it fairly
        given["MessageGroupId"] = letter.group
    sqs.send_message(QueueUrl=queue.url, MessageBody=letter.body, **given)


def _letter(message: Mapping[str, Any]) -> Letter:
    system = message["Attributes"]
    kept = ("DataType", "StringValue", "BinaryValue")
    attributes = {
        name: {key: value[key] for key in kept if key in value}
        for name, value in message.get("MessageAttributes", {}).items()
    }
    return Letter(
        id=message["MessageId"],
        body=message["Body"],
        received=int(system["ApproximateReceiveCount"]),
        sent=int(system["SentTimestamp"]) / 1000,
        handle=message["ReceiptHandle"],
        attributes=attributes,
        group=system.get("MessageGroupId"),
        deduplication=system.get("MessageDeduplicationId"),
    )
