"""Where jobs live: one bucket, one table and two queues, behind clients that tests can come between."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lightship import aws


@dataclass(frozen=True)
class Cloud:
    """Names of the resources, the clients to reach them, and the clock.

    Attributes:
        bucket: holds inputs, outputs and what is in between.
        table: the ledger: key ``job`` and ``item``, index ``owner`` (``owner``, ``created``), TTL ``expires``.
        split_queue: URL of the queue whose messages go to :func:`lightship.jobs.plan.handle`.
        score_queue: URL of the queue whose messages go to :func:`lightship.jobs.score.handle`.
        registry: where the models are, ``s3://bucket/prefix``.
        now: seconds since 1970.
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


def connect(
    *, bucket: str, table: str, split_queue: str, score_queue: str, registry: str = "", attempts: int = 6
) -> Cloud:
    """The cloud of these resources, reached with the environment's credentials and endpoint.

    ``attempts`` is as in :func:`lightship.aws.client`.
    """
    clients = {name: aws.client(name, attempts=attempts) for name in ("s3", "dynamodb", "sqs")}
    return Cloud(bucket, table, split_queue, score_queue, registry or f"s3://{bucket}/models", **clients)
