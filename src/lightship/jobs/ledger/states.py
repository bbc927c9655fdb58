"""The state of a job as its client sees it: stored, or derived from the ledger."""

from __future__ import annotations

from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import ATTEMPTS, LEASE, SILENCE, Job, State, Tally

# The reason of an incomplete job.
INCOMPLETE_REASON = (
    "no worker is active on the job any more: the remaining work failed five times, took longer than its function's "
    "timeout (ScoreTimeout, SplitTimeout), or its messages were lost; retry the job, or close it"
)


def is_silent(job: Job, tally: Tally, now: float) -> bool:
    """Return whether a job had no update for SILENCE seconds.

    Its messages then count as dead letters, unless a lease shows an active worker.
    """
    return max(job.updated, tally.updated) + SILENCE < now


def state_of(job: Job, tally: Tally, cloud: Cloud) -> State:
    """Return a job's state, ``incomplete`` where work was given up and none is active.

    While there was an update within LEASE seconds, chunks are read only where one was given up. A job that waits in a
    long queue may be reported as incomplete too early: a worker that receives its messages still finishes it.
    """
    now = cloud.now()
    if job.final:
        return job.state
    if job.state == State.SPLITTING:
        given_up = job.attempts >= ATTEMPTS or is_silent(job, Tally(), now)
        return State.INCOMPLETE if given_up and job.lease < now else job.state
    idle = max(job.updated, tally.updated) + LEASE < now
    if not idle and (not job.given_up or job.sealed is not None):
        return job.state
    chunks = Ledger(cloud).chunks.all(job.id) if job.sealed is None else ()  # a sealed job waits for no chunk
    left = [chunk for chunk in chunks if chunk.result is None]
    dead = all(chunk.lease < now for chunk in left) if is_silent(job, tally, now) else all(c.dead(now) for c in left)
    return State.INCOMPLETE if (left or idle) and dead else job.state


def is_active(job_id: str, cloud: Cloud) -> bool:
    """Return whether a job exists and a worker is, or will be, active on it."""
    ledger = Ledger(cloud)
    job = ledger.jobs.find(job_id)
    if job is None or job.final:
        return False
    return state_of(job, ledger.tallies.total(job_id), cloud) != State.INCOMPLETE
