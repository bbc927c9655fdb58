"""Creation of jobs: from a request, or from an object uploaded to ``batch/``.

It imports only the standard library and clients of AWS, as the function that splits files does.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lightship.aws.events import ObjectCreated
from lightship.errors import InvalidInput, LightshipError, NotFound, UnsupportedMedia
from lightship.jobs import inputs, models
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job, State
from lightship.jobs.ledger.requests import SYSTEM, Request, Source, job_id
from lightship.jobs.ledger.runs import Pin

# Keys that start a job when created. Objects in folders below wait for a schedule or a request that names them.
_INPUT_KEY = re.compile(r"batch/([A-Za-z0-9][A-Za-z0-9_.-]{0,63})/input/([^/]+)", re.DOTALL)


def start(cloud: Cloud, request: Request, source: Source) -> Job:
    """Create the job of a request in the ledger, unless it exists; return it.

    Raises InvalidInput, NotFound (model, version) or UnsupportedMedia.
    """
    job = make(request, source, models.find(cloud, request.model, request.version, allow_withdrawn=False))
    return Ledger(cloud).jobs.create(job)


def make(request: Request, source: Source, pinned: Pin) -> Job:
    """Return a new job with a pinned version; raises InvalidInput or UnsupportedMedia.

    A request without a correlation id gets the job's id as its correlation id.
    """
    name, gzip = inputs.format_of(source, request.options)
    identity = job_id(request, source, pinned.digest)
    return Job(
        identity,
        request.owner,
        request.model,
        pinned.version,
        pinned.digest,
        source,
        name,
        gzip,
        request.options,
        request.correlation or identity,
        request.run,
    )


def failed(request: Request, source: Source, error: LightshipError) -> Job:
    """Return a job that failed before it started, with the error as its reason."""
    identity = job_id(Request(SYSTEM, request.model, source.key, run=request.run), source, "")
    job = Job(identity, SYSTEM, request.model, 0, "", source, "", run=request.run)
    return replace(job, correlation=request.correlation or identity, state=State.FAILED, reason=error.message)


def from_event(cloud: Cloud, event: ObjectCreated, correlation: str) -> Job | None:
    """Return the job of an uploaded object; None where its key is not a job's input.

    A file that cannot be scored gets a failed job with the reason. The event's id pins the model's version, so that an
    event that is delivered again after a new version was published returns the same job.
    """
    found = _INPUT_KEY.fullmatch(event.key)
    if found is None:
        return None
    source = Source(event.bucket, event.key, event.version, event.etag, event.size)
    request = Request(SYSTEM, found[1], event.key, correlation=correlation)
    try:
        inputs.format_of(source)
        job = make(request, source, models.pin(cloud, correlation, found[1]))
    except (InvalidInput, NotFound, UnsupportedMedia) as error:
        job = failed(request, source, error)
    return Ledger(cloud).jobs.create(job)
