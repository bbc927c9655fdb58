"""SQS batches for the tests, made from the files in events/."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

from tests.emulator import ROOT

EXAMPLE_BUCKET = "lightship-example"


@dataclass
class Context:
    """Lambda's context object with a fixed remaining time."""

    seconds: float = 600.0

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


def load(name: str, bucket: str = EXAMPLE_BUCKET) -> dict[str, Any]:
    """Return the event of a file, with another bucket name."""
    text = (ROOT / "events" / f"{name}.json").read_text()
    event: dict[str, Any] = json.loads(text.replace(EXAMPLE_BUCKET, bucket))
    return event


def bodies(event: dict[str, Any]) -> list[Any]:
    return [json.loads(record["body"]) for record in event["Records"]]


def with_bodies(name: str, *bodies: Any, group: str | None = None) -> dict[str, Any]:
    """Return an event with one record per body, each with its own message id."""
    event = load(name)
    first = event["Records"][0]
    event["Records"] = [copy.deepcopy(first) for _ in bodies]
    for number, (record, body) in enumerate(zip(event["Records"], bodies, strict=True), start=1):
        record["messageId"] = f"message-{number}"
        record["body"] = body if isinstance(body, str) else json.dumps(body)
        if group is not None:
            record["attributes"]["MessageGroupId"] = group
    return event


def object_created(name: str, bucket: str, key: str, put: dict[str, Any], size: int = 1) -> dict[str, Any]:
    """Return the event of an object, from the response of ``put_object``."""
    body = bodies(load(name, bucket))[0]
    entry = body["detail"]["object"]
    del entry["version-id"]
    entry |= {"key": key, "size": size, "etag": put["ETag"].strip('"')}
    if "VersionId" in put:
        entry["version-id"] = put["VersionId"]
    event = with_bodies(name, body)
    event["Records"][0]["messageId"] = "message-1"
    return event


def failures(answer: dict[str, Any]) -> list[str]:
    return [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]
