"""Parts of a stack: buckets, queues, rules, tables, functions and mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Bucket:
    """An S3 bucket.

    Attributes:
        name: the bucket's name.
        versioned: whether it keeps replaced objects.
        events: whether its object events go to EventBridge.
        cors: its CORS rules, as PutBucketCors takes them.
    """

    name: str
    versioned: bool
    events: bool
    cors: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Queue:
    """An SQS queue; ``attributes`` are SQS's, without the redrive policy."""

    name: str
    url: str
    arn: str
    attributes: Mapping[str, str]
    redrive: Mapping[str, Any] | None

    @property
    def fifo(self) -> bool:
        """Return whether this is a FIFO queue."""
        return self.attributes.get("FifoQueue") == "true"

    @property
    def visibility(self) -> int:
        """Return the visibility timeout in seconds."""
        return int(self.attributes.get("VisibilityTimeout", 30))


@dataclass(frozen=True)
class Rule:
    """An EventBridge rule: its pattern, and its targets, which are queues."""

    name: str
    bus: str
    pattern: Mapping[str, Any]
    targets: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Table:
    """A DynamoDB table: parameters of CreateTable, and its expiry attribute."""

    name: str
    definition: Mapping[str, Any]
    expires: str | None


@dataclass(frozen=True)
class Schedule:
    """A schedule of EventBridge Scheduler: parameters of CreateSchedule.

    Schedules do not run locally.
    """

    name: str
    definition: Mapping[str, Any]


@dataclass(frozen=True)
class FunctionSpec:
    """A Lambda function: code, handler and limits (seconds, megabytes).

    ``once``: whether each of its processes serves one invocation and ends.
    """

    logical: str
    name: str
    arn: str
    folder: Path
    handler: str
    timeout: float
    memory: int
    environment: Mapping[str, str]
    http: bool
    once: bool = False


@dataclass(frozen=True)
class SourceMapping:
    """An event source mapping between a queue and a function.

    ``function`` is a logical name, ``window`` the batching window in seconds, ``reports`` whether the function reports
    batch item failures, and ``concurrency`` the maximum of concurrent batches.
    """

    function: str
    queue: Queue
    batch_size: int = 10
    window: int = 0
    reports: bool = False
    concurrency: int | None = None


@dataclass(frozen=True)
class Wiring:
    """Everything of a template that runs locally, by logical names.

    ``environment`` holds the variables of the template's output ``Environment``, for the command line.
    """

    buckets: Mapping[str, Bucket]
    queues: Mapping[str, Queue]
    rules: Mapping[str, Rule]
    tables: Mapping[str, Table]
    buses: tuple[str, ...]
    functions: Mapping[str, FunctionSpec]
    mappings: tuple[SourceMapping, ...]
    schedules: Mapping[str, Schedule]
    schedule_groups: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def api(self) -> FunctionSpec | None:
        """Return the function behind the HTTP API."""
        return next((function for function in self.functions.values() if function.http), None)
