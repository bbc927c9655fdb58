"""The report beside a model file: first a claim to compile it, then what came of it.

Every write is conditional on what was read, so that of two invocations that have the same file one compiles. A claim
ends by itself: whoever died with one leaves the number of attempts, and the next one counts on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship import aws
from lightship.errors import Unavailable

SCHEMA = 1

# What a report says of a file that is not done: somebody is at it, the next delivery will be, the file has gone.
_OPEN = {"compiling", "waiting", "gone"}

_LARGEST = 4 * 1024 * 1024
_LONGEST_CLAIM = 3600.0  # seconds; Lambda runs for a quarter of that


@dataclass(frozen=True)
class Report:
    """A report as it was read: ``record`` is empty, and ``etag`` None, where there is none."""

    record: Mapping[str, Any]
    etag: str | None

    def is_final_for(self, place: Mapping[str, Any]) -> bool:
        """Whether it says what came of this very object."""
        return self.record.get("state") in {"published", "refused"} and self.record.get("object") == place

    @property
    def attempts(self) -> int:
        """How often it was begun to compile the file, where nobody has finished yet."""
        count = self.record.get("attempt") if self.record.get("state") == "compiling" else 0
        return count if isinstance(count, int) else 0

    @property
    def published(self) -> Mapping[str, Any]:
        """The last version that came of a file with this key; empty where there was none."""
        found = self.record.get("before") if self.record.get("state") in _OPEN else self.record
        return found if isinstance(found, dict) and found.get("state") == "published" else {}


@dataclass(frozen=True)
class ReportFile:
    """Where the report of a model file is."""

    s3: Any
    bucket: str
    key: str

    def read(self) -> Report:
        """The report that is there. What is not a report, for anybody may write there who may drop files, is empty."""
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=self.key)
        except self.s3.exceptions.ClientError as error:
            if aws.code(error) in aws.MISSING:
                return Report({}, None)
            raise
        try:
            record = json.loads(found["Body"].read(_LARGEST))
        except (ValueError, RecursionError):
            record = {}
        return Report(record if isinstance(record, dict) else {}, found["ETag"])

    def claim(self, report: Report, place: Mapping[str, Any], *, now: float, until: float) -> Report:
        """Say that this invocation compiles an object until a time (Unix seconds); return the report that says so.

        Raises Unavailable where another invocation does.
        """
        same = report.record.get("object") == place
        alive = report.record.get("until")
        if same and report.attempts and isinstance(alive, int | float) and now < alive < now + _LONGEST_CLAIM:
            raise Unavailable("another invocation is compiling this file")
        attempt = report.attempts + 1 if same else 1
        record = {"state": "compiling", "object": place, "attempt": attempt, "until": until, "before": report.published}
        etag = self.write(record, report.etag)
        if etag is None:
            raise Unavailable("another invocation has just begun to compile this file")
        return Report(record, etag)

    def release(self, begun: Report, state: str) -> None:
        """Take a claim back, so that it counts as no attempt."""
        self.write({"state": state, "object": begun.record["object"], "before": begun.published}, begun.etag)

    def end(self, begun: Report, now: float) -> None:
        """End a claim whose attempt failed, so that the next invocation need not wait and counts this attempt."""
        self.write({**begun.record, "until": now}, begun.etag)

    def write(self, record: Mapping[str, Any], etag: str | None) -> str | None:
        """Put a report in place of the one with this etag (None: of none); None, and nothing done, for another one.

        A write that is repeated, because its answer was lost, finds its own: that is a success.
        """
        body = json.dumps({"schema": SCHEMA, **record}, indent=2).encode()
        place = {"Bucket": self.bucket, "Key": self.key}
        put = aws.put(self.s3, etag=etag, **place, Body=body, ContentType="application/json")
        if put is None:
            there = self.read()
            return there.etag if there.record == json.loads(body) else None
        return put
