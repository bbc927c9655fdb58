"""A job of ann's, and what its workers may meet."""

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
from tests.jobs.faults.play import DATA, THIRD

KEY = "uploads/ann/1/p.csv"


def started(cloud: Cloud, content: bytes = DATA, *, word: str = "", **options: Any) -> Job:
    """A job of ann's in three chunks, its file split."""
    drop(cloud, KEY, content)
    chosen = Options(**{"chunk": THIRD, **options})
    job = operations.start(
        cloud, Request(owner="ann", model="quickstart", key=KEY, options=chosen, run=word, correlation="c1")
    )
    plan.handle(cloud.sqs.sent.pop(0)[1], cloud)
    return job


def status(cloud: Cloud, job: Job) -> Status:
    return operations.status(cloud, owner="ann", job=job.id)


def taken(cloud: Cloud, index: int) -> dict[str, Any]:
    """A chunk's message, out of its queue."""
    cut = next(entry for entry in cloud.sqs.sent if entry[1]["chunk"]["index"] == index)
    cloud.sqs.sent.remove(cut)
    return cut[1]


def exhausted(cloud: Cloud, index: int) -> None:
    """A chunk's message comes five times, and each time its worker fails: then it is in the dead-letter queue."""
    message = taken(cloud, index)
    lost = dataclasses.replace(cloud, registry="s3://no-such-bucket/models")
    for _ in range(ATTEMPTS):
        with pytest.raises(Exception, match="NoSuchBucket"):
            score.handle(message, lost)
