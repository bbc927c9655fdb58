"""Chunks of tar files: spans of whole images, each within one tar file."""

from __future__ import annotations

from collections.abc import Iterator

from lightship.errors import InvalidInput
from lightship.formats import tar
from lightship.formats.base import Span
from lightship.jobs import objects, shards
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import Chunk, Job
from lightship.jobs.shards import Shard


def chunks(job: Job, cloud: Cloud) -> Iterator[Chunk]:
    """Yield the chunks after a job's cursor; each tar file is read once, as a stream.

    Raises InvalidInput, naming the tar file, for one that cannot be read, and where none of them has an image.
    """
    found, row, number = shards.of(job, cloud), job.cursor.row, job.cursor.index
    target = job.options.chunk_bytes(found[-1].end)
    for shard in found:
        if shard.end < job.cursor.offset:
            continue
        for span in _spans(shard, max(0, job.cursor.offset - shard.start), row, target, cloud):
            yield Chunk(job.id, number, span.first, span.rows, shard.start + span.start, shard.start + span.end)
            row, number = row + span.rows, number + 1
    if not number:
        raise InvalidInput(f"there is no image in s3://{job.source.bucket}/{job.source.key}")


def _spans(shard: Shard, offset: int, row: int, target: int, cloud: Cloud) -> Iterator[Span]:
    blocks = objects.stream(cloud, shard.source, offset)
    try:
        yield from tar.scan(blocks, offset=offset, row=row, target=target)
    except InvalidInput as error:
        raise InvalidInput(f"{shard.source.name}: {error.message}") from None
