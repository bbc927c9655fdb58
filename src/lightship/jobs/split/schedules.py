"""A schedule's runs: jobs that come again by the clock.

Runs may be delivered twice, late, or while the one before is still at work: the first changes nothing, the others are
left out, so that slow runs do not pile up and old ones do not come after new ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lightship.errors import InvalidInput, LightshipError, NotFound, UnsupportedMedia
from lightship.jobs import messages, objects, starting
from lightship.jobs.cloud import Cloud
from lightship.jobs.finish import receipts
from lightship.jobs.ledger import standing
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import SYSTEM, Job, Options, Source, State

# The most files of a run: their jobs are named in one item of DynamoDB, which has 400 KB at most.
MOST_FILES = 10_000

_S3 = re.compile(r"s3://([^/]+)/(.*)", re.DOTALL)
_PERMANENT = (InvalidInput, NotFound, UnsupportedMedia)
_LONGEST_NAME = 200


def run(
    what: Mapping[str, Any], correlation: str, cloud: Cloud, *, deadline: float = float("inf"), hops: int = 0
) -> str:
    """Start a run's jobs: one for the object it names, or for each data file below a prefix, or for a prefix of images.

    ``what`` has ``model``, ``input`` (``s3://bucket/key``), ``schedule``, ``time`` (ISO 8601) and perhaps ``options``.
    What can never be scored becomes a job that failed. After ``deadline``, in seconds of ``cloud.now``, it goes on by a
    message to oneself with ``hops``, behind the key that ``after`` has. Returns one word for the log: started,
    continued, late (a newer run has begun), overlapping (the one before is not done) or empty.
    """
    schedule, time = str(what.get("schedule", "")), str(what.get("time", ""))
    ledger = Ledger(cloud)
    if hindrance := hindered(schedule, time, cloud):
        return hindrance
    jobs = _jobs(what, f"{schedule}@{time}", correlation, cloud)
    if not ledger.begin_run(schedule, time, [job.id for job in jobs]):
        return "late"
    left = [job for job in jobs if job.source.key > str(what["after"])] if "after" in what else jobs
    for place, job in enumerate(left):
        if place and cloud.now() > deadline:
            messages.run({**what, "after": left[place - 1].source.key}, correlation, cloud, hops=hops)
            return "continued"
        _enter(job, cloud)
    return "started" if jobs else "empty"


def hindered(schedule: str, time: str, cloud: Cloud) -> str:
    """Why a run would be left out, as :func:`run` says it; empty where it would not."""
    before, identities = Ledger(cloud).last_run(schedule)
    if before > time:
        return "late"
    if before < time and any(standing.under_way(identity, cloud) for identity in identities):
        return "overlapping"
    return ""


def last(schedule: str, cloud: Cloud) -> str:
    """When a schedule ran last, ISO 8601; empty where it never did."""
    return Ledger(cloud).last_run(schedule)[0]


def _enter(job: Job, cloud: Cloud) -> None:
    found = Ledger(cloud).create(job)
    if found.state == State.FAILED:
        receipts.write_failure(found, cloud)
    elif not found.final:
        messages.split(found, cloud)


def _jobs(what: Mapping[str, Any], token: str, correlation: str, cloud: Cloud) -> list[Job]:
    """A run's jobs in the order of their keys, those that cannot be scored failed."""
    model, uri = str(what.get("model", "")), str(what.get("input", ""))

    def failed(source: Source, error: LightshipError) -> Job:
        return starting.refused(model[:_LONGEST_NAME], source, error, correlation=correlation, run=token)

    try:
        options = _options(what.get("options", {}))
        version = starting.pinned(cloud, model, starting.pinned_by(cloud, token, model))
        sources = _sources(uri, cloud)
    except _PERMANENT as error:
        bucket, key = _parsed(uri) or ("", uri[:_LONGEST_NAME])
        return [failed(Source(bucket, key), error)]
    jobs = []
    for source in sources:
        try:
            jobs.append(starting.made(SYSTEM, model, version, source, options, correlation=correlation, run=token))
        except _PERMANENT as error:
            jobs.append(failed(source, error))
    return jobs


def _options(given: Any) -> Options:
    if not isinstance(given, Mapping):
        raise InvalidInput(f"the run's options {str(given)[:_LONGEST_NAME]!r} are not options by name")
    return Options.from_json(given)


def _sources(uri: str, cloud: Cloud) -> list[Source]:
    found = _parsed(uri)
    if found is None:
        raise InvalidInput(f"the run's input {uri[:_LONGEST_NAME]!r} is not s3://bucket/key")
    bucket, key = found
    if not key.endswith("/"):
        return [objects.describe(cloud, bucket, key)]
    files, images = [], False
    for source in objects.list_keys(cloud, bucket, key):
        images = images or source.key.lower().endswith(starting.IMAGE_SUFFIXES)
        if starting.readable(source):
            files.append(source)
        if len(files) > MOST_FILES:
            raise InvalidInput(f"below {uri} are more than {MOST_FILES} data files: a run takes no more")
    return files or ([Source(bucket, key)] if images else [])


def _parsed(uri: str) -> tuple[str, str] | None:
    found = _S3.fullmatch(uri)
    return (found[1], found[2]) if found and found[2] else None
