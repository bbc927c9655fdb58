"""SQS batches: parse records, process them one by one, report failed ones.

Every asynchronous trigger sends to a queue, so this is the only record parser and loop of all functions except the HTTP
API. A record that raises is listed in ``batchItemFailures`` and redelivered; in a FIFO queue the later records of its
group are listed too, because they must not overtake it. After the queue's ``maxReceiveCount`` the record moves to the
dead-letter queue.
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

from lightship import aws
from lightship.errors import InvalidInput, LightshipError, Unavailable
from lightship.handlers.telemetry import Telemetry
from lightship.jobs import messages

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """One record of a queue.

    Attributes:
        id: SQS's message id, the same at every delivery.
        text: the body as it was sent.
        remaining: returns the seconds left of this invocation.
        sender: SQS's SenderId, a principal's id.
        received: number of deliveries including this one.
        group: message group in a FIFO queue.
    """

    id: str
    text: str
    remaining: Callable[[], float]
    sender: str = ""
    received: int = 1
    group: str | None = None

    def body(self) -> dict[str, Any]:
        """Return the body as a JSON object; raises InvalidInput if it is not one."""
        try:
            value = json.loads(self.text)
        except (ValueError, RecursionError):
            raise InvalidInput("the message is not JSON") from None
        if not isinstance(value, dict):
            raise InvalidInput("the message is not a JSON object")
        return value

    @property
    def correlation(self) -> str:
        """Return the correlation id: :func:`lightship.jobs.messages.correlation`."""
        try:
            return messages.correlation(self.body(), self.id)
        except InvalidInput:
            return self.id


class QueueHandler:
    """Lambda handler of a function that a queue triggers.

    Args:
        name: the function's name in logs and metrics.
        handle: processes one message and returns its outcome in one word; if it raises, the message is redelivered.
        reserve: seconds of the invocation that must be left to begin a record. A timeout would fail the whole batch,
            including the records that were processed.
    """

    def __init__(self, name: str, handle: Callable[[Message], str], *, reserve: float = 1.0) -> None:
        self._name = name
        self._handle = handle
        self._reserve = reserve

    @cached_property
    def _telemetry(self) -> Telemetry:
        """Return the function's telemetry, made at the first batch.

        Importing a handler must not change a logger.
        """
        return Telemetry(self._name)

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Process a batch; return the ids of the messages to redeliver."""
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
                    raise Unavailable("too little time of the invocation is left to begin the message")
                outcome = self._handle(message)
            except Exception as error:
                _LOG.error("failed: the message will be redelivered", extra=_describe(error))
                raise
            _LOG.info("%s", outcome)
        self._telemetry.count(outcome)


def _processor(records: list[Any]) -> BatchProcessor:
    """Return Powertools' processor of the batch.

    That of FIFO queues also returns the records after a failed one of the same group.
    """
    fifo = any(str(record.get("eventSourceARN", "")).endswith(".fifo") for record in records)
    processor = SqsFifoPartialProcessor(skip_group_on_error=True) if fifo else BatchProcessor(EventType.SQS)
    processor.raise_on_entire_batch_failure = False  # report all records of an entirely failed batch too
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
    """Return an error's fields for the log.

    Messages of other libraries' errors are left out, because they may quote their input.
    """
    code = aws.code(error) if aws.describe(error) is not None else None
    return {
        "error": type(error).__name__,
        "code": error.code if isinstance(error, LightshipError) else code,
        "reason": error.message if isinstance(error, LightshipError) else None,
        "detail": error.detail if isinstance(error, LightshipError) else None,
        "stack": [f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(error.__traceback__)],
    }
