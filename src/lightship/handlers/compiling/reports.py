"""Report of a model file in S3: first a claim to compile it, then the outcome.

Every write is conditional on the ETag that was read, so that of two concurrent invocations with the same file only one
compiles it. A claim expires: after a crash, the next invocation reads the number of attempts from it and continues the
count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship import aws
from lightship.errors import Unavailable

SCHEMA = 1

# States without an outcome: being compiled, to be compiled at the next delivery, deleted or replaced.
_UNFINISHED = {"compiling", "waiting", "gone"}

_LARGEST = 4 * 1024 * 1024
_LONGEST_CLAIM = 3600.0  # seconds; Lambda runs for a quarter of that


@dataclass(frozen=True)
class Report:
    """A report as it was read; a missing one has no ``record`` and no ``etag``."""

    record: Mapping[str, Any]
    etag: str | None

    def is_outcome_of(self, stored: Mapping[str, Any]) -> bool:
        """Return whether the report holds the outcome of exactly this object."""
        return self.record.get("state") in {"published", "refused"} and self.record.get("object") == stored

    @property
    def attempts(self) -> int:
        """Return the number of unfinished attempts to compile the file."""
        count = self.record.get("attempt") if self.record.get("state") == "compiling" else 0
        return count if isinstance(count, int) else 0

    @property
    def published(self) -> Mapping[str, Any]:
        """Return the last version published from this key; empty if there is none."""
        found = self.record.get("before") if self.record.get("state") in _UNFINISHED else self.record
        return found if isinstance(found, dict) and found.get("state") == "published" else {}


@dataclass(frozen=True)
class ReportFile:
    """The location of a model file's report."""

    s3: Any
    bucket: str
    key: str

    def read(self) -> Report:
        """Return the report; invalid content counts as an empty report.

        Every principal that may upload model files may also write there.
        """
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

    def claim(self, report: Report, stored: Mapping[str, Any], *, now: float, until: float) -> Report:
        """Claim an object until ``until`` (Unix seconds) and return the claim.

        Raises Unavailable if another invocation has claimed it.
        """
        same = report.record.get("object") == stored
        expires = report.record.get("until")
        if same and report.attempts and isinstance(expires, int | float) and now < expires < now + _LONGEST_CLAIM:
            raise Unavailable("another invocation is compiling this file")
        attempt = report.attempts + 1 if same else 1
        record = {
            "state": "compiling",
            "object": stored,
            "attempt": attempt,
            "until": until,
            "before": report.published,
        }
        etag = self.write(record, report.etag)
        if etag is None:
            raise Unavailable("another invocation has just claimed this file")
        return Report(record, etag)

    def release(self, claimed: Report, state: str) -> None:
        """Withdraw a claim without counting an attempt."""
        self.write({"state": state, "object": claimed.record["object"], "before": claimed.published}, claimed.etag)

    def end(self, claimed: Report, now: float) -> None:
        """End the claim of a failed attempt, which counts, so that a retry need not wait."""
        self.write({**claimed.record, "until": now}, claimed.etag)

    def write(self, record: Mapping[str, Any], etag: str | None) -> str | None:
        """Replace the report that has this ETag (None: create it) and return the new ETag.

        Returns None, without writing, if the report has another ETag. A repeated write, whose first response was lost,
        succeeds: it finds its own content.
        """
        body = json.dumps({"schema": SCHEMA, **record}, indent=2).encode()
        target = {"Bucket": self.bucket, "Key": self.key}
        put = aws.put(self.s3, etag=etag, **target, Body=body, ContentType="application/json")
        if put is None:
            current = self.read()
            return current.etag if current.record == json.loads(body) else None
        return put
