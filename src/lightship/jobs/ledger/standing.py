"""Where a job stands, as its reader sees it: what the ledger says, and what follows from it."""

from __future__ import annotations

from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.items import Tally
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import ATTEMPTS, LEASE, SILENCE, Job, State

# What an incomplete job says of itself.
INCOMPLETE = (
    "nobody is at work on it any more: what is left failed five times, took longer than its function's timeout "
    "(ScoreTimeout, SplitTimeout), or its messages are gone; retry it, or close it"
)


def silent(job: Job, tally: Tally, now: float) -> bool:
    """Whether nothing was heard of a job for longer than its messages come: only a lease may say otherwise."""
    return max(job.updated, tally.updated) + SILENCE < now


def state_of(job: Job, tally: Tally, cloud: Cloud) -> State:
    """A job's state; ``incomplete`` where nothing is under way any more and chunks, or other steps, are given up.

    While something was done within a lease's time, all chunks are asked for that only where one said so itself. Of a
    job that waits in a long queue it may be said too early: who takes its messages after all finishes it.
    """
    now = cloud.now()
    if job.final:
        return job.state
    if job.state == State.SPLITTING:
        given_up = job.attempts >= ATTEMPTS or silent(job, Tally(), now)
        return State.INCOMPLETE if given_up and job.lease < now else job.state
    quiet = max(job.updated, tally.updated) + LEASE < now
    if not quiet and (not job.given_up or job.sealed is not None):
        return job.state
    chunks = Ledger(cloud).chunks(job.id) if job.sealed is None else ()  # a sealed job waits for no chunk
    left = [chunk for chunk in chunks if chunk.result is None]
    dead = all(chunk.lease < now for chunk in left) if silent(job, tally, now) else all(c.dead(now) for c in left)
    return State.INCOMPLETE if (left or quiet) and dead else job.state


def under_way(identity: str, cloud: Cloud) -> bool:
    """Whether a job is there and somebody is, or will be, at work on it."""
    ledger = Ledger(cloud)
    job = ledger.job(identity)
    if job is None or job.final:
        return False
    return state_of(job, ledger.tally(identity), cloud) != State.INCOMPLETE
