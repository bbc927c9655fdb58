"""Records of SQS queues: read in one place, done one by one, and only what failed goes back to its queue.

Every asynchronous trigger ends in a queue, so this is the one parser and the one loop of all functions but the HTTP
API. A record that raises is named in ``batchItemFailures`` and comes again, in a FIFO queue together with the later
ones of its group, which must not overtake it; after the queue's ``maxReceiveCount`` it is in the dead-letter queue.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, SqsFifoPartialProcessor
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from lightship.errors import InvalidInput, LightshipError, Unavailable
from lightship.handlers.telemetry import Telemetry
from lightship.jobs import messages

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """One record.

    Attributes:
        id: SQS's message id, the same however often the message comes.
        text: its body as it was sent.
        remaining: how many seconds are left of this invocation.
        sender: the sender as SQS knows it: a principal's id.
        received: how often it has come, this time included.
        group: its group in a FIFO queue.
    """

    id: str
    text: str
    remaining: Callable[[], float]
    sender: str = ""
    received: int = 1
    group: str | None = None

    def body(self) -> dict[str, Any]:
        """The body as the JSON object that it must be; raises InvalidInput."""
        try:
            value = json.loads(self.text)
        except (ValueError, RecursionError):
            raise InvalidInput("the message is not JSON") from None
        if not isinstance(value, dict):
            raise InvalidInput("the message is not a JSON object")
        return value

    @property
    def correlation(self) -> str:
        """See :func:`lightship.jobs.messages.correlation`."""
        try:
            return messages.correlation(self.body(), self.id)
        except InvalidInput:
            return self.id


class Queue:
    """The Lambda handler of a function that a queue starts.

    Args:
        name: the function's, in logs and metrics.
        handle: does the work of one message and says in a word what came of it. What it raises sends the message back.
        reserve: seconds that must be left for a record to be begun: done ones must not be lost with a late one.
    """

    def __init__(self, name: str, handle: Callable[[Message], str], *, reserve: float = 1.0) -> None:
        self._name = name
        self._handle = handle
        self._reserve = reserve

    @cached_property
    def _telemetry(self) -> Telemetry:
        """Made by the first batch: importing a handler changes no logger."""
        return Telemetry(self._name)

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Work on a batch; the answer names the messages that must come again."""
        records = list(event["Records"])

        def remaining() -> float:
            return float(context.get_remaining_time_in_millis() / 1000)

        processor = _processor(records)
        with processor(records, lambda record: self._record(record, remaining)):
            processor.process()
        for _ in processor.fail_messages:
            self._telemetry.count("failed")
        self._telemetry.flush()
        return dict(processor.response())

    def _record(self, record: SQSRecord, remaining: Callable[[], float]) -> None:
        message = _message(record, remaining)
        with self._telemetry.record(message.correlation, message_id=message.id, received=message.received):
            try:
                if remaining() < self._reserve:
                    raise Unavailable("there is no time left to begin it")
                outcome = self._handle(message)
            except Exception as error:
                _LOG.error("failed: it comes again", extra=_describe(error))
                raise
            _LOG.info("%s", outcome)
        self._telemetry.count(outcome)


def _processor(records: list[Any]) -> BatchProcessor:
    """Powertools' own: the one for FIFO queues keeps back what came after a failure in the same group."""
    fifo = any(str(record.get("eventSourceARN", "")).endswith(".fifo") for record in records)
    processor = SqsFifoPartialProcessor(skip_group_on_error=True) if fifo else BatchProcessor(EventType.SQS)
    processor.raise_on_entire_batch_failure = False  # a batch that fails as a whole is not another kind of failure
    return processor


def _message(record: SQSRecord, remaining: Callable[[], float]) -> Message:
    attributes = record.raw_event.get("attributes") or {}
    return Message(
        id=record.message_id,
        text=record.body,
        remaining=remaining,
        sender=str(attributes.get("SenderId", "")),
        received=int(attributes.get("ApproximateReceiveCount", 1)),
        group=attributes.get("MessageGroupId"),
    )


def _describe(error: Exception) -> dict[str, Any]:
    """An error for the log. Messages of foreign errors stay out of it: they quote what they were given."""
    code = getattr(error, "response", {}).get("Error", {}).get("Code")  # botocore's
    return {
        "error": type(error).__name__,
        "code": error.code if isinstance(error, LightshipError) else code,
        "reason": error.message if isinstance(error, LightshipError) else None,
        "detail": error.detail if isinstance(error, LightshipError) else None,
        "stack": [f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(error.__traceback__)],
    }
