"""The parts of a stack: buckets, queues, rules, tables, functions and the mappings between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Bucket:
    """An S3 bucket; ``events``: its object events go to EventBridge."""

    name: str
    versioned: bool
    events: bool


@dataclass(frozen=True)
class Queue:
    """An SQS queue: attributes as SQS takes them, without the redrive policy, which is a value of its own."""

    name: str
    url: str
    arn: str
    attributes: Mapping[str, str]
    redrive: Mapping[str, Any] | None

    @property
    def fifo(self) -> bool:
        """Whether messages of a group keep their order."""
        return self.attributes.get("FifoQueue") == "true"

    @property
    def visibility(self) -> int:
        """Seconds for which a received message is hidden from others."""
        return int(self.attributes.get("VisibilityTimeout", 30))


@dataclass(frozen=True)
class Rule:
    """An EventBridge rule: a pattern, and the queues (as EventBridge's targets) that matching events go to."""

    name: str
    bus: str
    pattern: Mapping[str, Any]
    targets: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Table:
    """A DynamoDB table: what CreateTable takes, and the attribute whose time an item expires at."""

    name: str
    definition: Mapping[str, Any]
    expires: str | None


@dataclass(frozen=True)
class Schedule:
    """A schedule of EventBridge Scheduler: what CreateSchedule takes. No clock starts it here."""

    name: str
    definition: Mapping[str, Any]


@dataclass(frozen=True)
class FunctionSpec:
    """A Lambda function: where its code is, what is called, and within which limits (seconds, megabytes).

    ``once``: each of its processes serves one invocation and ends.
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
    """An event source mapping: how messages of a queue become invocations of a function."""

    function: str
    queue: Queue
    batch_size: int = 10
    window: int = 0
    reports: bool = False
    concurrency: int | None = None


@dataclass(frozen=True)
class Wiring:
    """Everything that runs on a laptop, by the template's logical names.

    ``environment`` is what the template's output ``Environment`` tells the command line.
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
        """The function behind the HTTP API."""
        return next((function for function in self.functions.values() if function.http), None)
