"""Events on EventBridge: objects that came into a bucket, and our own events for any rule on the bus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship.aws import codec
from lightship.errors import Unavailable

SOURCE = "lightship"

# PutEvents takes so many bytes; the envelope is in there.
LARGEST = 256 * 1024 - 1024


@dataclass(frozen=True)
class ObjectCreated:
    """An object that came into a bucket; ``version`` is empty where the bucket keeps none, ``size`` is in bytes."""

    bucket: str
    key: str
    version: str = ""
    etag: str = ""
    size: int = 0

    @classmethod
    def from_event(cls, event: Mapping[str, object]) -> ObjectCreated | None:
        """Return the object of S3's ``Object Created``; None for any other message.

        Raises InvalidInput, which names the field, for an event without what it must have.
        """
        if event.get("source") != "aws.s3" or event.get("detail-type") != "Object Created":
            return None
        detail = codec.decode(_Detail, event.get("detail"), name="detail")
        version = codec.read(_TEXT, detail.object.get("version-id"), name="detail.object.version-id")
        found = codec.decode(_Object, detail.object, name="detail.object")
        return cls(detail.bucket.name, found.key, version or "", found.etag or "", found.size or 0)


@dataclass(frozen=True)
class _Bucket:
    name: str


@dataclass(frozen=True)
class _Detail:
    bucket: _Bucket
    object: Mapping[str, Any]


@dataclass(frozen=True)
class _Object:
    key: str
    etag: str | None = None
    size: int | None = None


_TEXT = str | None


def announce(events: Any, bus: str, kind: str, detail: Mapping[str, object]) -> None:
    """Put an event of a kind (its ``detail-type``) on the bus; raises Unavailable where the bus does not take it.

    It may be delivered twice, as all events may.
    """
    entry = {"Source": SOURCE, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": bus}
    answer = events.put_events(Entries=[entry])
    if answer.get("FailedEntryCount"):
        code = answer["Entries"][0].get("ErrorCode", "without a reason")
        raise Unavailable(f"the event bus {bus} did not take '{kind}': {code}")
