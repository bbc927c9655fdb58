"""Test fixture of the compile function with its bucket, registry and worker."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from lightship.handlers.compile import Services, work
from lightship.handlers.compiling.quarantine import Workers
from lightship.handlers.queues import QueueHandler
from lightship.registry.registry import Registry
from tests.handlers.records import Context, failures, object_created
from tests.handlers.workers import WORKER, LocalLambda

if TYPE_CHECKING:
    from tests.handlers.conftest import Cloud

Event = dict[str, Any]


class Broker:
    """The compile function, its bucket, and the worker that it invokes."""

    def __init__(self, cloud: Cloud, registry: str, served: LocalLambda) -> None:
        self.cloud = cloud
        self.registry = Registry(registry)
        self.logs = served.folder
        # As in the broker: one attempt, and a timeout for workers on a busy machine.
        long_timeout = Config(read_timeout=600, retries={"total_max_attempts": 1})
        self._lambda = boto3.client("lambda", endpoint_url=served.endpoint, config=long_timeout)
        self.services = Services(registry, "default", cloud.s3, cloud.events, self.workers(WORKER))

    def close(self) -> None:
        self._lambda.close()

    def workers(self, name: str) -> Workers:
        return Workers(self._lambda, name)

    def put(self, key: str, body: bytes) -> Event:
        """Upload a file and return the S3 event of it."""
        answer = self.cloud.s3.put_object(Bucket=self.cloud.bucket, Key=key, Body=body)
        return object_created("compile", self.cloud.bucket, key, answer, len(body))

    def invoke(self, event: Event, **changes: Any) -> list[str]:
        """Handle an event; return the ids of the messages to redeliver."""
        services = replace(self.services, **changes)
        return failures(QueueHandler("compile", lambda message: work(message, services))(event, Context()))

    def report(self, key: str) -> dict[str, Any]:
        found = self.cloud.s3.get_object(Bucket=self.cloud.bucket, Key=f"{key}.report.json")
        record: dict[str, Any] = json.loads(found["Body"].read())
        return record

    def set_report(self, key: str, record: Any) -> None:
        text = record if isinstance(record, str) else json.dumps(record)
        self.cloud.s3.put_object(Bucket=self.cloud.bucket, Key=f"{key}.report.json", Body=text.encode())

    def keys(self, prefix: str = "incoming/") -> list[str]:
        found = self.cloud.s3.list_objects_v2(Bucket=self.cloud.bucket, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]
