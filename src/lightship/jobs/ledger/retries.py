"""Chunks that were given up are sent again, in steps that may be interrupted anywhere."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.jobs import messages
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job

_TOGETHER = 10


def send(job: Job, indices: Sequence[int], cloud: Cloud, *, deadline: float, hops: int = 0) -> str:
    """Send chunks and give them all their attempts again; at the deadline, the rest goes to the split queue.

    They are sent first: a chunk that is revived and has no message would be waited for in vain. ``hops`` is that
    message's number. Returns a word for the log.
    """
    for start in range(0, len(indices), _TOGETHER):
        if start and cloud.now() > deadline:
            messages.retry(job, indices[start:], cloud, hops=hops)
            return "continued"
        group = indices[start : start + _TOGETHER]
        messages.chunks(job, group, cloud)
        Ledger(cloud).revive(job.id, group)
    return "retried"
