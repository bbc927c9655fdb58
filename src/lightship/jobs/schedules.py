"""A schedule's runs: jobs that come again by the clock.

Runs may be delivered twice, late, or while the one before is still at work: the first changes nothing, the others are
left out, so that slow runs do not pile up and old ones do not come after new ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lightship.errors import InvalidInput
from lightship.jobs import messages, objects, standing, starting
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger import Ledger
from lightship.jobs.records import SYSTEM, Job, Options, Source

_S3 = re.compile(r"s3://([^/]+)/(.*)", re.DOTALL)


def run(what: Mapping[str, Any], correlation: str, cloud: Cloud) -> str:
    """Start a run's jobs: one for the object it names, or for each data file below a prefix, or for a prefix of images.

    ``what`` has ``model``, ``input`` (``s3://bucket/key``), ``schedule``, ``time`` (ISO 8601) and perhaps ``options``.
    Returns one word for the log: started, late (a newer run has begun), overlapping (the one before is not done) or
    empty. Raises InvalidInput or NotFound.
    """
    schedule, time = str(what.get("schedule", "")), str(what.get("time", ""))
    ledger = Ledger(cloud)
    if hindrance := hindered(schedule, time, cloud):
        return hindrance
    jobs = _jobs(what, f"{schedule}@{time}", correlation, cloud)
    if not ledger.begin_run(schedule, time, [job.id for job in jobs]):
        return "late"
    for job in jobs:
        messages.split(ledger.create(job), cloud)
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


def _jobs(what: Mapping[str, Any], token: str, correlation: str, cloud: Cloud) -> list[Job]:
    model = str(what.get("model", ""))
    options = Options.from_json(what.get("options", {}))
    version = starting.pinned_by(cloud, token, model)
    return [
        starting.make(cloud, SYSTEM, model, source, options, correlation=correlation, run=token, version=version)
        for source in _sources(str(what.get("input", "")), cloud)
    ]


def _sources(uri: str, cloud: Cloud) -> list[Source]:
    found = _S3.fullmatch(uri)
    if found is None or not found[2]:
        raise InvalidInput(f"the run's input {uri[:200]!r} is not s3://bucket/key")
    bucket, key = found.groups()
    if not key.endswith("/"):
        return [objects.describe(cloud, bucket, key)]
    below = list(objects.list_keys(cloud, bucket, key))
    if any(source.key.lower().endswith(starting.IMAGE_SUFFIXES) for source in below):
        return [Source(bucket, key)]
    return [source for source in below if starting.readable(source)]
