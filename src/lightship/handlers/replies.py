"""Where the answer to a queued request goes: an object, a queue or an event. Adding a way: one function, one entry.

A sender names a way, and the function's role and settings say which places it reaches: objects below ``replies/`` of
its own bucket, queues of ``LIGHTSHIP_REPLY_QUEUES``, its own event bus. An answer that is sent twice, because a message
came twice, is one object, one message of a FIFO queue, or two events with the same id.
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

# What a message or an event may have; queues that take more are not asked to.
LARGEST = events.LARGEST

# S3's limit, in bytes of UTF-8.
_LONGEST_KEY = 1024

# A region as a part of a host's name: SQS has one in each of its URLs but the oldest.
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")


@dataclass(frozen=True)
class Post:
    """The ways out of the function: its stack, and clients of S3, SQS and EventBridge."""

    stack: StackSettings
    s3: Any
    sqs: Any
    events: Any


@dataclass(frozen=True)
class Address:
    """Where one answer goes; ``place`` is a key, a queue's URL or the bus, ``limit`` bytes (0 for none)."""

    way: str
    place: str
    limit: int = LARGEST


def address(reply: Any, identity: str, post: Post) -> Address:
    """The address that ``reply`` names for the request of this id, without one the event bus; raises InvalidInput."""
    if reply is None:
        return Address("event", post.stack.event_bus)
    if not isinstance(reply, dict) or len(reply) != 1 or next(iter(reply)) not in WAYS:
        raise InvalidInput(f"'reply' must be an object with one key of {', '.join(WAYS)}")
    ((way, wanted),) = reply.items()
    return WAYS[way][0](wanted, identity, post)


def send(to: Address, record: Mapping[str, Any], post: Post, *, group: str | None) -> None:
    """Send an answer; ``record["id"]`` is the request's, ``group`` its group in a FIFO queue."""
    WAYS[to.way][1](to, record, post, group)


def _key(wanted: Any, identity: str, post: Post) -> Address:
    prefix = wanted.removeprefix(f"s3://{post.stack.bucket}/") if isinstance(wanted, str) else ""
    if not prefix.startswith(PREFIX) or not prefix.isprintable():
        raise InvalidInput(
            f"'reply.s3' must be a printable prefix that begins with {PREFIX}, in the bucket of this stack"
        )
    if ".." in prefix.split("/"):  # a name like any other to S3, and a way out of the folder to many of its clients
        raise InvalidInput("'reply.s3' has '..' in it, which is no folder's name")
    key = f"{prefix.rstrip('/')}/{quote(identity, safe='')}.json"
    if (size := len(key.encode())) > _LONGEST_KEY:
        raise InvalidInput(f"'reply.s3' and 'id' make a key of {size} bytes: S3 takes {_LONGEST_KEY} at most")
    return Address("s3", key, limit=0)


def _put(to: Address, record: Mapping[str, Any], post: Post, group: str | None) -> None:
    body = json.dumps(record).encode()
    aws.put(post.s3, etag=None, Bucket=post.stack.bucket, Key=to.place, Body=body, ContentType="application/json")


def _queue(wanted: Any, identity: str, post: Post) -> Address:
    here = post.sqs.meta.region_name
    known = {tuple(arn.split(":")[3:]) for arn in post.stack.reply_queues if _names(wanted, arn)}
    found = [f"{account}/{name}" for region, account, name in known if region == here]
    if known and not found:
        raise InvalidInput(f"'reply.queue' must name a queue in the region of this stack, {here}")
    if len(found) > 1:
        raise InvalidInput("'reply.queue' is the name of several queues: give the ARN of one")
    if not found:
        raise InvalidInput("'reply.queue' must name a queue that this stack may answer to (its parameter ReplyQueues)")
    # the address is made of what is allowed, not of what was asked for
    return Address("queue", f"{post.sqs.meta.endpoint_url.rstrip('/')}/{found[0]}")


def _names(wanted: Any, arn: str) -> bool:
    """Whether a text means the queue with this ARN: by the ARN, by a URL with its account and name, or by its name."""
    *_, region, account, name = arn.split(":")
    if not isinstance(wanted, str) or "://" not in wanted:
        return wanted in (arn, name)
    host = wanted.split("/")[2].split(".")
    return wanted.endswith(f"/{account}/{name}") and (region in host or not any(map(_REGION.fullmatch, host)))


def _send(to: Address, record: Mapping[str, Any], post: Post, group: str | None) -> None:
    fifo = {}
    if to.place.endswith(".fifo"):
        token = hashlib.sha256(record["id"].encode()).hexdigest()
        fifo = {"MessageGroupId": group or token, "MessageDeduplicationId": token}
    post.sqs.send_message(QueueUrl=to.place, MessageBody=json.dumps(record), **fifo)


def _event(wanted: Any, identity: str, post: Post) -> Address:
    return Address("event", post.stack.event_bus)


def _announce(to: Address, record: Mapping[str, Any], post: Post, group: str | None) -> None:
    kind = "Prediction Made" if record["status"] < 400 else "Prediction Refused"
    events.announce(post.events, to.place, kind, record)


Read = Callable[[Any, str, Post], Address]
Write = Callable[[Address, Mapping[str, Any], Post, str | None], None]

WAYS: dict[str, tuple[Read, Write]] = {"s3": (_key, _put), "queue": (_queue, _send), "event": (_event, _announce)}
