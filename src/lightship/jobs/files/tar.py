"""Chunks of tar files: each image is a row.

It is identified by its name below the folder of the tar file.
"""

from __future__ import annotations

from collections.abc import Iterator

from lightship.errors import InvalidInput
from lightship.formats import tar
from lightship.formats.tar import Member
from lightship.jobs import objects, shards
from lightship.jobs.cloud import Cloud
from lightship.jobs.files.images import LARGEST_IMAGE, Content, Images, own_columns, too_large
from lightship.jobs.ledger.records import Chunk, Job
from lightship.tensors import Signature

__all__ = ["open_chunk", "own_columns"]

# Bytes that are read of a chunk whose only image is larger than allowed: only its headers are needed.
_MOST_BYTES = LARGEST_IMAGE + 2 * tar.LARGEST_EXTENSION


def open_chunk(job: Job, chunk: Chunk, signature: Signature, cloud: Cloud) -> Images:
    """See :func:`lightship.jobs.files.contents.open_chunk`."""
    shard = shards.containing(shards.of(job, cloud), chunk.start)
    start = chunk.start - shard.start
    data = objects.read_range(cloud, shard.source, start, min(chunk.end - shard.start, start + _MOST_BYTES))
    found = list(tar.members([data], complete=False))
    return Images([shard.folder + member.name for member in found], _contents(data, found), job, signature)


def _contents(data: bytes, found: list[Member]) -> Iterator[Content]:
    for member in found:
        if member.error:
            yield InvalidInput(member.error)
        elif member.size > LARGEST_IMAGE:
            yield too_large(member.size)
        else:
            yield data[member.data : member.data + member.size]
