"""The resources of jobs: one bucket, one table and two queues, with the clients to reach them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lightship import aws
from lightship.aws.stack import StackSettings, has_jobs
from lightship.settings import DEFAULT_CACHE, CacheSettings

# MiB with which a function has one whole core.
CORE = 1769


@dataclass(frozen=True)
class Cloud:
    """Names of the resources, the clients to reach them, and the clock.

    Attributes:
        bucket: holds inputs, outputs and what is in between.
        table: the ledger: key ``job`` and ``item``, index ``owner`` (``owner``, ``created``), TTL ``expires``.
        split_queue: URL of the queue whose messages go to :func:`lightship.jobs.split.plan.handle`.
        score_queue: URL of the queue whose messages go to :func:`lightship.jobs.score.score.handle`.
        registry: where the models are, ``s3://bucket/prefix``.
        now: seconds since 1970.
        memory: MiB of the function that this is, by which its time is billed; one core's elsewhere.
        cache: where versions of models are kept on this disk.
    """

    bucket: str
    table: str
    split_queue: str
    score_queue: str
    registry: str
    s3: Any = field(repr=False)
    dynamodb: Any = field(repr=False)
    sqs: Any = field(repr=False)
    now: Callable[[], float] = time.time
    memory: int = CORE
    cache: CacheSettings = DEFAULT_CACHE


def connect(stack: StackSettings, *, attempts: int = 6, cache: CacheSettings = DEFAULT_CACHE) -> Cloud:
    """Return the cloud of a stack, reached with boto3's own credentials, region and endpoint.

    ``attempts`` is as in :func:`lightship.aws.client`, ``cache`` as in :class:`Cloud`. Raises SettingError where the
    stack has no ledger or queue.
    """
    stack.require_jobs()
    clients = {name: aws.client(name, attempts=attempts) for name in ("s3", "dynamodb", "sqs")}
    queues = (stack.split_queue, stack.score_queue)
    return Cloud(
        stack.bucket, stack.jobs_table, *queues, stack.registry, **clients, memory=stack.memory or CORE, cache=cache
    )


def from_environment(environ: Mapping[str, str]) -> Cloud | None:
    """Return the cloud of a server of HTTP requests; None where its environment does not name all that jobs take.

    Raises SettingError for a variable that is malformed.
    """
    if not has_jobs(environ):
        return None
    cache = CacheSettings.from_environment(environ)
    return connect(StackSettings.from_environment(environ), attempts=3, cache=cache)
