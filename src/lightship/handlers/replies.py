"""Destinations of answers to queued requests: an S3 object, a queue or an event.

A message names the destination; the function's role and settings restrict it to objects below ``replies/`` in the
stack's bucket, queues of ``LIGHTSHIP_REPLY_QUEUES``, and the stack's event bus. An answer that is sent twice, because
its message was delivered twice, results in one object, one message of a FIFO queue, or two events with the same id.

Adding a kind of destination: two functions and an entry in ``KINDS``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lightship import aws
from lightship.aws import events
from lightship.aws.stack import StackSettings
from lightship.errors import InvalidInput

PREFIX = "replies/"

# Maximum size in bytes of a message or an event, also where a queue allows more.
LARGEST = events.LARGEST

# Maximum length of an S3 key in bytes of UTF-8.
_LONGEST_KEY = 1024

# A region as a label of a host name: every SQS URL has one, except the legacy URLs.
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")


@dataclass(frozen=True)
class ReplyClients:
    """The stack's settings, and clients of S3, SQS and EventBridge."""

    stack: StackSettings
    s3: Any
    sqs: Any
    events: Any


@dataclass(frozen=True)
class Address:
    """The destination of one answer.

    Attributes:
        kind: a key of ``KINDS``.
        target: an S3 key, a queue's URL or the name of the event bus.
        limit: maximum size of the answer in bytes, 0 for none.
    """

    kind: str
    target: str
    limit: int = LARGEST


def address(reply: Any, identity: str, clients: ReplyClients) -> Address:
    """Return the destination that ``reply`` names, by default the event bus.

    ``identity`` is the request's id. Raises InvalidInput.
    """
    if reply is None:
        return Address("event", clients.stack.event_bus)
    if not isinstance(reply, dict) or len(reply) != 1 or next(iter(reply)) not in KINDS:
        raise InvalidInput(f"'reply' must be an object with exactly one of the keys {', '.join(KINDS)}")
    ((kind, value),) = reply.items()
    return KINDS[kind][0](value, identity, clients)


def send(to: Address, record: Mapping[str, Any], clients: ReplyClients, *, group: str | None) -> None:
    """Send an answer to its destination.

    ``record["id"]`` is the request's id, ``group`` its message group in a FIFO queue.
    """
    KINDS[to.kind][1](to, record, clients, group)


def _key(value: Any, identity: str, clients: ReplyClients) -> Address:
    prefix = value.removeprefix(f"s3://{clients.stack.bucket}/") if isinstance(value, str) else ""
    if not prefix.startswith(PREFIX) or not prefix.isprintable():
        raise InvalidInput(f"'reply.s3' must be a printable prefix that begins with {PREFIX}, in this stack's bucket")
    if ".." in prefix.split("/"):  # allowed by S3, but path traversal in many clients that download
        raise InvalidInput("'reply.s3' must not contain the path segment '..'")
    key = f"{prefix.rstrip('/')}/{quote(identity, safe='')}.json"
    if (size := len(key.encode())) > _LONGEST_KEY:
        raise InvalidInput(f"'reply.s3' and 'id' make a key of {size} bytes: S3 allows at most {_LONGEST_KEY}")
    return Address("s3", key, limit=0)


def _put(to: Address, record: Mapping[str, Any], clients: ReplyClients, group: str | None) -> None:
    body = json.dumps(record).encode()
    location = {"Bucket": clients.stack.bucket, "Key": to.target}
    if aws.put(clients.s3, etag=None, **location, Body=body, ContentType="application/json") is None:
        clients.s3.head_object(**location)  # raises where another write of the key was in progress and has failed


def _queue(value: Any, identity: str, clients: ReplyClients) -> Address:
    own_region = clients.sqs.meta.region_name
    matching = {tuple(arn.split(":")[3:]) for arn in clients.stack.reply_queues if _matches(value, arn)}
    in_region = [f"{account}/{name}" for region, account, name in matching if region == own_region]
    if matching and not in_region:
        raise InvalidInput(f"'reply.queue' must name a queue in this stack's region, {own_region}")
    if len(in_region) > 1:
        raise InvalidInput("'reply.queue' matches several queues: specify one by its ARN")
    if not in_region:
        raise InvalidInput("'reply.queue' must name a queue of the stack's parameter ReplyQueues")
    # the URL is built from the allowed queue, not from the request's text
    return Address("queue", f"{clients.sqs.meta.endpoint_url.rstrip('/')}/{in_region[0]}")


def _matches(value: Any, arn: str) -> bool:
    """Return whether a text means the queue with this ARN.

    It may be the ARN, a URL with the queue's account and name, or the queue's name.
    """
    *_, region, account, name = arn.split(":")
    if not isinstance(value, str) or "://" not in value:
        return value in (arn, name)
    host = value.split("/")[2].split(".")
    return value.endswith(f"/{account}/{name}") and (region in host or not any(map(_REGION.fullmatch, host)))


def _send(to: Address, record: Mapping[str, Any], clients: ReplyClients, group: str | None) -> None:
    fifo = {}
    if to.target.endswith(".fifo"):
        token = hashlib.sha256(record["id"].encode()).hexdigest()
        fifo = {"MessageGroupId": group or token, "MessageDeduplicationId": token}
    clients.sqs.send_message(QueueUrl=to.target, MessageBody=json.dumps(record), **fifo)


def _event(value: Any, identity: str, clients: ReplyClients) -> Address:
    return Address("event", clients.stack.event_bus)


def _announce(to: Address, record: Mapping[str, Any], clients: ReplyClients, group: str | None) -> None:
    detail_type = "Prediction Made" if record["status"] < 400 else "Prediction Refused"
    events.announce(clients.events, to.target, detail_type, record)


Read = Callable[[Any, str, ReplyClients], Address]
Write = Callable[[Address, Mapping[str, Any], ReplyClients, str | None], None]

KINDS: dict[str, tuple[Read, Write]] = {"s3": (_key, _put), "queue": (_queue, _send), "event": (_event, _announce)}
