"""Resources of batch jobs: one bucket, one table, two queues, and their clients."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lightship import aws
from lightship.aws.stack import StackSettings, has_jobs
from lightship.jobs.storage import Storage
from lightship.settings import DEFAULT_CACHE, NO_TRANSFORMS, CacheSettings, TransformSettings

# MiB of memory at which Lambda gives a function one full vCPU.
CORE = 1769


@dataclass(frozen=True)
class Cloud:
    """Names of the resources, clients to reach them, and the clock.

    Attributes:
        bucket: holds inputs, outputs and intermediate objects.
        table: the ledger: keys ``job`` and ``item``, index ``owner`` (``owner``, ``created``), TTL ``expires``.
        split_queue: URL of the queue whose messages :func:`lightship.jobs.split.plan.handle` handles.
        score_queue: URL of the queue whose messages :func:`lightship.jobs.score.score.handle` handles.
        registry: location of the models, ``s3://bucket/prefix``.
        storage: S3.
        dynamodb: boto3's client.
        sqs: boto3's client.
        now: returns seconds since 1970.
        memory: MiB of this Lambda function, used to estimate the cost; CORE outside Lambda.
        cache: settings of the local cache of model versions.
        transforms: the user's transforms that models may use.
    """

    bucket: str
    table: str
    split_queue: str
    score_queue: str
    registry: str
    storage: Storage = field(repr=False)
    dynamodb: Any = field(repr=False)
    sqs: Any = field(repr=False)
    now: Callable[[], float] = time.time
    memory: int = CORE
    cache: CacheSettings = DEFAULT_CACHE
    transforms: TransformSettings = NO_TRANSFORMS

    @property
    def s3(self) -> Any:
        """boto3's client of S3, made when it is first used."""
        return self.storage.client


def connect(stack: StackSettings, *, attempts: int = 6, cache: CacheSettings = DEFAULT_CACHE) -> Cloud:
    """Return the cloud of a stack.

    Credentials, region and endpoint are those of the environment. ``attempts`` is as in :func:`lightship.aws.client`,
    ``cache`` as in :class:`Cloud`. Raises SettingError where the stack has no ledger or queue.
    """
    stack.require_jobs()
    clients = {name: aws.client(name, attempts=attempts) for name in ("dynamodb", "sqs")}
    return Cloud(
        stack.bucket,
        stack.jobs_table,
        stack.split_queue,
        stack.score_queue,
        stack.registry,
        Storage(attempts=attempts),
        **clients,
        memory=stack.memory or CORE,
        cache=cache,
    )


def from_environment(environ: Mapping[str, str]) -> Cloud | None:
    """Return the cloud of an HTTP server; None where jobs lack one of their variables.

    Raises SettingError for a malformed variable.
    """
    if not has_jobs(environ):
        return None
    cache = CacheSettings.from_environment(environ)
    return connect(StackSettings.from_environment(environ), attempts=3, cache=cache)
