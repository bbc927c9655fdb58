"""SQS messages as Lambda events, and Lambda's interpretation of the result.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html defines the meaning of a batch's result.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from lightship.local.template.parts import Queue
from lightship.local.template.wiring import REGION

Message = Mapping[str, Any]

# The constant id of every EventBridge event of moto. On AWS it is unique and becomes the correlation id.
_MOTO_ID = "17793124-05d4-b198-2fde-7ededc63b103"

_VALUES = (("StringValue", "stringValue"), ("BinaryValue", "binaryValue"))


def event(messages: Sequence[Message], queue: Queue) -> dict[str, Any]:
    """Return the event of a batch, from the messages of ReceiveMessage."""
    return {"Records": [_record(message, queue) for message in messages]}


def failures(messages: Sequence[Message], answer: Any, *, reports: bool) -> set[str]:
    """Return the ids of the messages that a function did not handle.

    Without ReportBatchItemFailures (``reports``), any result means success. With it, no result and an empty list mean
    success; an id that is empty or not of this batch, or any other result, fails the whole batch.
    """
    all_ids = {str(message["MessageId"]) for message in messages}
    if not reports or not answer:
        return set()
    items = answer.get("batchItemFailures") if isinstance(answer, dict) else [answer]
    if not items:
        return set()
    if not isinstance(items, list):
        return all_ids
    named = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    failed = {name for name in named if isinstance(name, str) and name in all_ids}
    return failed if len(failed) == len(set(map(str, named))) else all_ids


def _record(message: Message, queue: Queue) -> dict[str, Any]:
    body = message["Body"].replace(_MOTO_ID, message["MessageId"])
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": body,
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {key: _attribute(value) for key, value in message.get("MessageAttributes", {}).items()},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": REGION,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    found = {lambda_name: value[sqs_name] for sqs_name, lambda_name in _VALUES if sqs_name in value}
    if "binaryValue" in found:
        found["binaryValue"] = base64.b64encode(found["binaryValue"]).decode()
    return {**found, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
