"""A job of the owner ann, and failures of its workers."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import ATTEMPTS, Job
from lightship.jobs.ledger.requests import Options, Request
from lightship.jobs.score import score
from lightship.jobs.split import plan
from lightship.jobs.status import Status
from tests.jobs.clouds import drop
from tests.jobs.faults.scenario import CHUNK_BYTES, DATA

KEY = "uploads/ann/1/p.csv"


def started(cloud: Cloud, content: bytes = DATA, *, run: str = "", **options: Any) -> Job:
    """Start a job of ann's in three chunks, and split its file."""
    drop(cloud, KEY, content)
    chosen = Options(**{"chunk": CHUNK_BYTES, **options})
    job = operations.start(
        cloud, Request(owner="ann", model="quickstart", key=KEY, options=chosen, run=run, correlation="c1")
    )
    plan.handle(cloud.sqs.sent.pop(0)[1], cloud)
    return job


def status(cloud: Cloud, job: Job) -> Status:
    return operations.status(cloud, owner="ann", job=job.id)


def take_message(cloud: Cloud, index: int) -> dict[str, Any]:
    """Remove the message of a chunk from its queue and return it."""
    cut = next(entry for entry in cloud.sqs.sent if entry[1]["chunk"]["index"] == index)
    cloud.sqs.sent.remove(cut)
    return cut[1]


def exhaust_attempts(cloud: Cloud, index: int) -> None:
    """Deliver a chunk's message five times to a failing worker.

    SQS would then move it to the dead-letter queue.
    """
    message = take_message(cloud, index)
    lost = dataclasses.replace(cloud, registry="s3://no-such-bucket/models")
    for _ in range(ATTEMPTS):
        with pytest.raises(Exception, match="NoSuchBucket"):
            score.handle(message, lost)
