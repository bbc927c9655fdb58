"""Operations of a job's client: start, status, download, cancel, retry, close.

A job belongs to its owner; other clients get NotFound.
"""

from __future__ import annotations

import re

from lightship.errors import InvalidInput, NotFound
from lightship.jobs import inputs, messages, starting, uploads
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger import retries
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Chunk, Job, State
from lightship.jobs.ledger.requests import Request
from lightship.jobs.ledger.states import is_silent
from lightship.jobs.messages import Finish, Split
from lightship.jobs.status import Status, status_of

# Seconds within a request for sending chunks again; the remaining chunks are sent in the background.
_RETRY_SECONDS = 5.0

_ID = re.compile("[0-9a-f]{32}")


def start(cloud: Cloud, request: Request) -> Job:
    """Create the job that scores an object, or the images below a key ending in ``/``.

    The key must be under the owner's prefix. The same request again returns the same job, unless ``run``, the object or
    one of the images differs. With more than ``inputs.MOST_COMPARED`` images each request creates a job of its own.

    Raises NotFound (object, images, model, version, another owner's object), InvalidInput or UnsupportedMedia.
    """
    uploads.check_owner(request.owner, request.key)
    job = starting.start(cloud, request, inputs.find(cloud, request.key))
    if job.state == State.SPLITTING:
        messages.send(cloud, Split(job.id), correlation=job.correlation)
    return job


def status(cloud: Cloud, *, owner: str, job: str) -> Status:
    """Return the status of a job; raises NotFound."""
    return status_of(find(cloud, owner=owner, job=job), cloud)


def jobs(cloud: Cloud, *, owner: str, limit: int = 50) -> list[Job]:
    """Return an owner's jobs, newest first, with the states stored in the ledger."""
    return Ledger(cloud).jobs.owned(owner, limit)


def statuses(cloud: Cloud, *, owner: str, limit: int = 50) -> list[Status]:
    """Return the status of an owner's jobs, newest first."""
    return [status_of(job, cloud) for job in jobs(cloud, owner=owner, limit=limit)]


def download(cloud: Cloud, *, owner: str, job: str, name: str) -> str:
    """Return a presigned URL of an object below a job's output; raises NotFound.

    ``name`` is the rest of its key, as ``receipt.json`` or a part's name.
    """
    return uploads.download(cloud, find(cloud, owner=owner, job=job), name)


def cancel(cloud: Cloud, *, owner: str, job: str) -> Job:
    """Cancel a job, which then gets no receipt.

    Cancelling it again changes nothing. Raises NotFound; InvalidInput where the job has ended otherwise or is sealed.
    """
    found = find(cloud, owner=owner, job=job)
    ended = Ledger(cloud).jobs.end(found.id, State.CANCELLED, "cancelled by its owner") or found
    if ended.sealed is not None and not ended.final:
        raise InvalidInput("the job's receipt is being written: it can no longer be cancelled")
    if ended.state != State.CANCELLED:
        raise InvalidInput(f"the job is {ended.state}: it can no longer be cancelled")
    return ended


def retry(cloud: Cloud, *, owner: str, job: str) -> int:
    """Send again the work that no worker is active on; return how many messages.

    The work is the splitting, chunks that are not done, or the receipt. Chunks that were never claimed still have a
    message in the queue: they are sent only after the job was silent for SILENCE seconds. Of many chunks, some are sent
    in the background. Work that is active after all may safely be delivered twice. Raises NotFound; InvalidInput where
    the job has ended.
    """
    found = find(cloud, owner=owner, job=job)
    if found.final:
        raise InvalidInput(f"the job is {found.state}: start a new job with another run token")
    ledger = Ledger(cloud)
    left = _unfinished(found, ledger)
    if found.sealed is not None or (found.state == State.RUNNING and not left):
        messages.send(cloud, Finish(found.id), correlation=found.correlation)
        ledger.jobs.touch(found.id)
        return 1
    return _retry(found, left, cloud)


def _retry(job: Job, left: list[Chunk], cloud: Cloud) -> int:
    ledger, now = Ledger(cloud), cloud.now()
    stale = is_silent(job, ledger.tallies.total(job.id), now)
    splitting = job.state == State.SPLITTING and job.lease < now
    if splitting:
        messages.send(cloud, Split(job.id), correlation=job.correlation)
        ledger.jobs.revive(job.id)
    again = [chunk.index for chunk in left if chunk.lease < now and (chunk.attempts or stale)]
    retries.send(job, again, cloud, deadline=now + _RETRY_SECONDS)
    return len(again) + splitting


def close(cloud: Cloud, *, owner: str, job: str) -> Job:
    """Write the receipt of an incomplete job, with dead chunks' rows as missing.

    The job is sealed at once, and a worker writes the receipt.

    Raises NotFound; InvalidInput unless the job is split and incomplete, or is sealed already.
    """
    found = find(cloud, owner=owner, job=job)
    if found.sealed is None:
        found = _seal(found, cloud)
    if not found.final:
        messages.send(cloud, Finish(found.id), correlation=found.correlation)
    return found


def _seal(job: Job, cloud: Cloud) -> Job:
    state = status_of(job, cloud).state
    if state != State.INCOMPLETE or job.chunks is None:
        raise InvalidInput(f"the job is {state}: only an incomplete job whose file is split can be closed")
    ledger = Ledger(cloud)
    dead = tuple(chunk.index for chunk in _unfinished(job, ledger))
    sealed = ledger.jobs.seal(job.id, dead) or job
    if sealed.sealed is None:
        raise InvalidInput(f"the job is {sealed.state}: only an incomplete job can be closed")
    return sealed


def find(cloud: Cloud, *, owner: str, job: str) -> Job:
    """Return an owner's job; raises NotFound, also for another owner's job."""
    found = Ledger(cloud).jobs.find(job) if _ID.fullmatch(job) else None
    if found is None or found.owner != owner:
        raise NotFound(f"there is no job '{job[:80]}'")
    return found


def _unfinished(job: Job, ledger: Ledger) -> list[Chunk]:
    """Return the chunks of a job that are not done."""
    return [chunk for chunk in ledger.chunks.all(job.id) if chunk.result is None]
