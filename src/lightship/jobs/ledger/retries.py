"""Retry of chunks: send their messages again and reset their attempts."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.jobs import messages
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job
from lightship.jobs.messages import Retry, Score

_BATCH = 10


def send(job: Job, indices: Sequence[int], cloud: Cloud, *, deadline: float, hops: int = 0) -> str:
    """Send chunks again and reset their attempts; return one word for the log.

    At ``deadline``, the rest continues by a message with ``hops`` to the split queue. Messages are sent before the
    attempts are reset: otherwise a crash in between would leave chunks that wait for a message which does not exist.
    """
    for start in range(0, len(indices), _BATCH):
        if start and cloud.now() > deadline:
            rest = Retry(job.id, tuple(indices[start:]))
            messages.send(cloud, rest, correlation=job.correlation, hops=hops)
            return "continued"
        group = indices[start : start + _BATCH]
        messages.send(cloud, *(Score(job.id, index) for index in group), correlation=job.correlation)
        Ledger(cloud).chunks.revive(job.id, group)
    return "retried"
