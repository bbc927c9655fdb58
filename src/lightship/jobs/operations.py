"""What a job's client may ask for. A job belongs to its owner; for any other client it does not exist."""

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

# Seconds of a request in which chunks are sent again; the others follow in the background.
_RETRY_SECONDS = 5.0

_ID = re.compile("[0-9a-f]{32}")


def start(cloud: Cloud, request: Request) -> Job:
    """Score an object under the owner's own prefix, or the images below a key that ends with ``/``.

    The same request again is the same job, unless ``run`` or the object, or one of the images, differs. Of more than
    ``inputs.MOST_COMPARED`` images each request is a job of its own.

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
    """Return an owner's jobs, the newest first; their states are the stored ones."""
    return Ledger(cloud).jobs.owned(owner, limit)


def statuses(cloud: Cloud, *, owner: str, limit: int = 50) -> list[Status]:
    """Return the status of an owner's jobs, the newest first."""
    return [status_of(job, cloud) for job in jobs(cloud, owner=owner, limit=limit)]


def download(cloud: Cloud, *, owner: str, job: str, name: str) -> str:
    """Return the address of an object below a job's output, as ``receipt.json`` or a part; raises NotFound."""
    return uploads.download(cloud, find(cloud, owner=owner, job=job), name)


def cancel(cloud: Cloud, *, owner: str, job: str) -> Job:
    """Stop a job whose outcome is open: it gets no receipt. Raises NotFound; InvalidInput where it is decided."""
    found = find(cloud, owner=owner, job=job)
    ended = Ledger(cloud).jobs.end(found.id, State.CANCELLED, "cancelled by its owner") or found
    if ended.sealed is not None and not ended.final:
        raise InvalidInput("the job's outcome is decided and its receipt is being written: it cannot be cancelled")
    if ended.state != State.CANCELLED:
        raise InvalidInput(f"the job is {ended.state}: there is nothing left to cancel")
    return ended


def retry(cloud: Cloud, *, owner: str, job: str) -> int:
    """Send again what no worker is active on: the splitting, chunks not done, the receipt; returns how many.

    Chunks that were never claimed wait in the queue, and are sent only after a long silence of the job. Of many chunks,
    some are sent in the background. What is under way after all does no harm by coming twice. Raises NotFound;
    InvalidInput where the job has ended.
    """
    found = find(cloud, owner=owner, job=job)
    if found.final:
        raise InvalidInput(f"the job is {found.state}: start it again with another run token")
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
    """Give an incomplete job its receipt without the dead chunks, whose rows it lists as missing.

    The outcome is decided at once, and a worker writes the receipt.

    Raises NotFound; InvalidInput unless the job is incomplete, or was being closed before.
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
        raise InvalidInput(f"the job is {state}: only an incomplete one whose file is split can be closed")
    ledger = Ledger(cloud)
    dead = tuple(chunk.index for chunk in _unfinished(job, ledger))
    sealed = ledger.jobs.seal(job.id, dead) or job
    if sealed.sealed is None:
        raise InvalidInput(f"the job is {sealed.state}: only an incomplete one can be closed")
    return sealed


def find(cloud: Cloud, *, owner: str, job: str) -> Job:
    """Return an owner's job; raises NotFound, also for another owner's."""
    found = Ledger(cloud).jobs.find(job) if _ID.fullmatch(job) else None
    if found is None or found.owner != owner:
        raise NotFound(f"there is no job '{job[:80]}'")
    return found


def _unfinished(job: Job, ledger: Ledger) -> list[Chunk]:
    """Return the chunks of a job that are not done."""
    return [chunk for chunk in ledger.chunks.all(job.id) if chunk.result is None]
