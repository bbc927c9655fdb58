"""Splitting of inputs that are not streams: Parquet files and prefixes of images.

Parquet has its metadata at the end of the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from lightship.errors import InvalidInput
from lightship.formats import parquet
from lightship.formats.base import Header
from lightship.jobs import inputs, listings, objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger, releasing
from lightship.jobs.ledger.records import LEASE, Chunk, Cursor, Job
from lightship.jobs.ranges import open_file
from lightship.jobs.split import plan

_BATCH = 10

# The most single images of a chunk.
MOST_IMAGES = 512
_JSON = "application/json"


def handle(job: Job, cloud: Cloud) -> str:
    """Publish all chunks of a job; a repetition publishes the same chunks."""
    ledger = Ledger(cloud)
    current = ledger.jobs.claim(job.id, LEASE)
    if current is None:
        plan.conclude(job, cloud)
        return "split"
    with releasing(lambda: ledger.jobs.release(job.id)):
        return _split(current, cloud)


def _split(job: Job, cloud: Cloud) -> str:
    header, chunks = _images(job, cloud) if job.format == inputs.IMAGES else _row_groups(job, cloud)
    Ledger(cloud).jobs.put_header(job.id, header)
    cursor = Cursor()
    while batch := list(islice(chunks, _BATCH)):
        if batch[0].index >= plan.MOST_CHUNKS:
            raise InvalidInput(f"{job.source.name} is too large: a job has at most {plan.MOST_CHUNKS} chunks")
        cursor = plan.publish(job, batch, cloud)
    return plan.finish(job, cursor, cloud)


def _row_groups(job: Job, cloud: Cloud) -> tuple[Header, Iterator[Chunk]]:
    with open_file(job.source, cloud) as file:
        header, spans = parquet.plan(file, target=job.options.chunk_bytes(job.source.size))
    chunks = (Chunk(job.id, index, span.first, span.rows, span.start, span.end) for index, span in enumerate(spans))
    return header, chunks


def _images(job: Job, cloud: Cloud) -> tuple[None, Iterator[Chunk]]:
    return None, _groups(job, [[entry.key, entry.etag, entry.size] for entry in listings.read(job, cloud)], cloud)


def _groups(job: Job, images: list[list[Any]], cloud: Cloud) -> Iterator[Chunk]:
    for index, start in enumerate(range(0, len(images), MOST_IMAGES)):
        group = images[start : start + MOST_IMAGES]
        key = f"{job.work}chunk-{index:05}"
        objects.put_once(cloud, key, json.dumps(group).encode(), _JSON)
        yield Chunk(job.id, index, start + 1, len(group), key=key)
