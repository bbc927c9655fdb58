"""EventBridge events: objects created in a bucket, and Lightship's own events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship.aws import codec
from lightship.errors import Unavailable

SOURCE = "lightship"

# Limit of PutEvents in bytes, less 1 KiB for the envelope.
LARGEST = 256 * 1024 - 1024


@dataclass(frozen=True)
class ObjectCreated:
    """An object created in a bucket.

    ``version`` is empty in a bucket without versioning; ``size`` is in bytes.
    """

    bucket: str
    key: str
    version: str = ""
    etag: str = ""
    size: int = 0

    @classmethod
    def from_event(cls, event: Mapping[str, object]) -> ObjectCreated | None:
        """Return the object of S3's ``Object Created`` event; None for any other event.

        Raises InvalidInput, which names the field, for a missing or malformed field.
        """
        if event.get("source") != "aws.s3" or event.get("detail-type") != "Object Created":
            return None
        detail = codec.decode(_Detail, event.get("detail"), name="detail")
        version = codec.read(_OPTIONAL_TEXT, detail.object.get("version-id"), name="detail.object.version-id")
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


_OPTIONAL_TEXT = str | None


def announce(events: Any, bus: str, kind: str, detail: Mapping[str, object]) -> None:
    """Put an event on the bus; ``kind`` is its ``detail-type``.

    Events are delivered at least once. Raises Unavailable where the bus refuses it.
    """
    entry = {"Source": SOURCE, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": bus}
    answer = events.put_events(Entries=[entry])
    if answer.get("FailedEntryCount"):
        code = answer["Entries"][0].get("ErrorCode", "no error code")
        raise Unavailable(f"the event bus {bus} refused the event '{kind}': {code}")
