"""Send chunks again and revive them, in steps that may be interrupted anywhere."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.jobs import messages
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job
from lightship.jobs.messages import Retry, Score

_BATCH = 10


def send(job: Job, indices: Sequence[int], cloud: Cloud, *, deadline: float, hops: int = 0) -> str:
    """Send chunks and give them all their attempts again; at the deadline, the rest goes to the split queue.

    They are sent first: a chunk that is revived and has no message would be waited for in vain. ``hops`` is that
    message's number. Returns a word for the log.
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
