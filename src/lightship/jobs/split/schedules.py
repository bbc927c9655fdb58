"""Runs of schedules: jobs that are started by EventBridge Scheduler.

A run may be delivered twice, late, or while the previous one is active. A repetition changes nothing; late and
overlapping runs are skipped, so that slow runs do not accumulate and old runs do not follow newer ones.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lightship.errors import InvalidInput, NotFound, UnsupportedMedia
from lightship.jobs import inputs, messages, models, objects, starting
from lightship.jobs.cloud import Cloud
from lightship.jobs.finish import receipts
from lightship.jobs.ledger import states
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job, State
from lightship.jobs.ledger.requests import SYSTEM, Options, Request, Source
from lightship.jobs.ledger.runs import LastRun, Pin
from lightship.jobs.messages import Run, Split

# The most files of a run: the ids of their jobs are in one DynamoDB item, which has at most 400 KB.
MOST_FILES = 10_000

_S3 = re.compile(r"s3://([^/]+)/(.*)", re.DOTALL)
_PERMANENT = (InvalidInput, NotFound, UnsupportedMedia)
_LONGEST_NAME = 200


def run(message: Run, correlation: str, cloud: Cloud, *, deadline: float = float("inf"), hops: int = 0) -> str:
    """Start a run's jobs; return one word for the log.

    There is one job for an object, for each data file below a prefix, or for a prefix of images. An input that can
    never be scored becomes a failed job. After ``deadline``, in seconds of ``cloud.now``, the run continues by a
    message with ``hops``.

    Returns started, continued, late (a newer run has begun), overlapping (the previous one is active) or empty.
    """
    if reason := skip_reason(message.schedule, message.time, cloud):
        return reason
    jobs = _jobs(message, correlation, cloud)
    if not Ledger(cloud).runs.begin(message.schedule, LastRun(message.time, tuple(job.id for job in jobs))):
        return "late"
    left = jobs if message.after is None else [job for job in jobs if job.source.key > message.after]
    for number, job in enumerate(left):
        if number and cloud.now() > deadline:
            rest = replace(message, after=left[number - 1].source.key)
            messages.send(cloud, rest, correlation=correlation, hops=hops)
            return "continued"
        _start(job, cloud)
    return "started" if jobs else "empty"


def skip_reason(schedule: str, time: str, cloud: Cloud) -> str:
    """Return why :func:`run` would skip a run, ``late`` or ``overlapping``, or empty."""
    before = Ledger(cloud).runs.last(schedule)
    if before.time > time:
        return "late"
    if before.time < time and any(states.is_active(job, cloud) for job in before.jobs):
        return "overlapping"
    return ""


def last(schedule: str, cloud: Cloud) -> str:
    """Return when a schedule last ran, ISO 8601; empty where it never did."""
    return Ledger(cloud).runs.last(schedule).time


def _start(job: Job, cloud: Cloud) -> None:
    found = Ledger(cloud).jobs.create(job)
    if found.state == State.FAILED:
        receipts.write_failure(found, cloud)
    elif not found.final:
        messages.send(cloud, Split(found.id), correlation=found.correlation)


def _jobs(message: Run, correlation: str, cloud: Cloud) -> list[Job]:
    """Return a run's jobs in key order; inputs that cannot be scored are failed jobs."""
    token = f"{message.schedule}@{message.time}"
    request = Request(SYSTEM, message.model, message.input, run=token, correlation=correlation)
    try:
        request = replace(request, options=Options.from_json(message.options))
        pinned = models.pin(cloud, token, message.model)
        sources = _sources(message.input, cloud)
    except _PERMANENT as error:
        bucket, key = _parsed(message.input) or ("", message.input[:_LONGEST_NAME])
        named = replace(request, model=message.model[:_LONGEST_NAME])
        return [starting.failed(named, Source(bucket, key), error)]
    return [_job(request, source, pinned) for source in sources]


def _job(request: Request, source: Source, pinned: Pin) -> Job:
    try:
        return starting.make(request, source, pinned)
    except _PERMANENT as error:
        return starting.failed(request, source, error)


def _sources(uri: str, cloud: Cloud) -> list[Source]:
    found = _parsed(uri)
    if found is None:
        raise InvalidInput(f"the run's input must be s3://bucket/key, not {uri[:_LONGEST_NAME]!r}")
    bucket, key = found
    if not key.endswith("/"):
        return [objects.describe(cloud, bucket, key)]
    files, images = [], False
    for source in objects.list_objects(cloud, bucket, key):
        images = images or inputs.is_image(source)
        if inputs.is_readable(source):
            files.append(source)
        if len(files) > MOST_FILES:
            raise InvalidInput(f"more than {MOST_FILES} data files are below {uri}: a run has at most {MOST_FILES}")
    return files or ([Source(bucket, key)] if images else [])


def _parsed(uri: str) -> tuple[str, str] | None:
    found = _S3.fullmatch(uri)
    return (found[1], found[2]) if found and found[2] else None
