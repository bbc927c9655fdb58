"""The objects below a job's prefix, listed once.

Objects that are added later are not part of the job.
"""

from __future__ import annotations

import json

from lightship.errors import InvalidInput, NotFound
from lightship.jobs import inputs, objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import Job
from lightship.jobs.ledger.requests import Source

_MEDIA_TYPE = "application/json"


def read(job: Job, cloud: Cloud) -> list[Source]:
    """Return the images or tar files below the prefix of a job, in key order.

    The first call lists them. Raises InvalidInput where they changed since the job was created. Listings of earlier
    versions lack the sizes.
    """
    key = f"{job.work}listing.json"
    try:
        listed = objects.read(cloud, key)
    except NotFound:
        entries = [[entry.key, entry.etag, entry.size] for entry in _list(job, cloud)]
        objects.put_once(cloud, key, json.dumps(entries).encode(), _MEDIA_TYPE)
        listed = objects.read(cloud, key)  # another worker's, perhaps
    return [Source(job.source.bucket, entry[0], "", *entry[1:]) for entry in json.loads(listed)]


def _list(job: Job, cloud: Cloud) -> list[Source]:
    source = job.source
    listed = list(objects.list_objects(cloud, source.bucket, source.key))
    if source.etag and len(listed) <= inputs.MOST_COMPARED and inputs.digest_of(listed) != source.etag:
        raise InvalidInput(
            f"the images below s3://{source.bucket}/{source.key} changed before the job was split: start a new job"
        )
    chosen = inputs.chosen(source, listed)
    if not chosen:
        raise InvalidInput(f"there is no image below s3://{source.bucket}/{source.key}")
    return chosen
