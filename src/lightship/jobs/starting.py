"""Where jobs begin: a request for one, or a file dropped into the bucket.

Needs nothing but the standard library and boto3: the function that splits files is small.
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

# Files in folders below it wait for a schedule or a request that names them.
_INPUT_KEY = re.compile(r"batch/([A-Za-z0-9][A-Za-z0-9_.-]{0,63})/input/([^/]+)", re.DOTALL)


def start(cloud: Cloud, request: Request, source: Source) -> Job:
    """Enter the job of a request into the ledger, unless the same one is there: then that one is returned.

    Raises InvalidInput, NotFound (model, version) or UnsupportedMedia.
    """
    job = make(request, source, models.find(cloud, request.model, request.version, allow_withdrawn=False))
    return Ledger(cloud).jobs.create(job)


def make(request: Request, source: Source, pinned: Pin) -> Job:
    """Return a new job of a version that is pinned; raises InvalidInput or UnsupportedMedia.

    Without a correlation id in the request it is the job's own id.
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
    """Return a job that failed before it began."""
    started = Request(SYSTEM, request.model, source.key, run=request.run)
    identity = job_id(started, source, "")
    job = Job(identity, SYSTEM, request.model, 0, "", source, "", run=request.run)
    return replace(job, correlation=request.correlation or identity, state=State.FAILED, reason=error.message)


def from_event(cloud: Cloud, event: ObjectCreated, correlation: str) -> Job | None:
    """Return the job of a file that came into the bucket; None for an object that is no job's input.

    A file that cannot be scored has a job too: failed, with the reason. The event's id pins the model's version, so
    that an event which comes again after a new version was published is still the same job.
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
