"""Where jobs live: one bucket, one table and two queues, behind clients that tests can come between."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lightship import aws
from lightship.settings import DEFAULT_CACHE, CacheSettings

# MiB with which a function has one whole core.
CORE = 1769


@dataclass(frozen=True)
class Cloud:
    """Names of the resources, the clients to reach them, and the clock.

    Attributes:
        bucket: holds inputs, outputs and what is in between.
        table: the ledger: key ``job`` and ``item``, index ``owner`` (``owner``, ``created``), TTL ``expires``.
        split_queue: URL of the queue whose messages go to :func:`lightship.jobs.split.handle`.
        score_queue: URL of the queue whose messages go to :func:`lightship.jobs.score.handle`.
        registry: where the models are, ``s3://bucket/prefix``.
        now: seconds since 1970.
        memory: MiB of the function that this is, which is what its time costs; one core's, where it is none.
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


def connect(
    *,
    bucket: str,
    table: str,
    split_queue: str,
    score_queue: str,
    registry: str = "",
    attempts: int = 6,
    memory: int = CORE,
    cache: CacheSettings = DEFAULT_CACHE,
) -> Cloud:
    """The cloud of these resources, reached with the environment's credentials and endpoint.

    ``attempts`` is as in :func:`lightship.aws.client`, ``memory`` and ``cache`` as in :class:`Cloud`.
    """
    clients = {name: aws.client(name, attempts=attempts) for name in ("s3", "dynamodb", "sqs")}
    place = registry or f"s3://{bucket}/models"
    return Cloud(bucket, table, split_queue, score_queue, place, **clients, memory=memory, cache=cache)
