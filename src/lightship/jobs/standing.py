"""Where a job stands, as its reader sees it: what the ledger says, and what follows from it."""

from __future__ import annotations

from lightship.jobs.cloud import Cloud
from lightship.jobs.items import Tally
from lightship.jobs.ledger import Ledger
from lightship.jobs.records import ATTEMPTS, LEASE, Job, State


def state_of(job: Job, tally: Tally, cloud: Cloud) -> State:
    """A job's state; ``incomplete`` where nothing is under way any more and chunks, or other steps, are given up.

    While something was done within a lease's time, all chunks are asked for that only where one said so itself.
    """
    now = cloud.now()
    if job.final:
        return job.state
    if job.state == State.SPLITTING:
        return State.INCOMPLETE if job.attempts >= ATTEMPTS and job.lease < now else job.state
    quiet = max(job.updated, tally.updated) + LEASE < now
    if not quiet and (not job.given_up or job.sealed is not None):
        return job.state
    left = [chunk for chunk in Ledger(cloud).chunks(job.id) if chunk.result is None]
    return State.INCOMPLETE if (left or quiet) and all(chunk.dead(now) for chunk in left) else job.state


def under_way(identity: str, cloud: Cloud) -> bool:
    """Whether a job is there and somebody is, or will be, at work on it."""
    ledger = Ledger(cloud)
    job = ledger.job(identity)
    if job is None or job.final:
        return False
    return state_of(job, ledger.tally(identity), cloud) != State.INCOMPLETE
