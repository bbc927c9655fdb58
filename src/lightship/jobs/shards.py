"""Tar files of a job.

The offsets of its chunks count the bytes of all of them in key order, as if they were one file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from lightship.jobs import listings
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import Job
from lightship.jobs.ledger.requests import Source


class Shard(NamedTuple):
    """A tar file, and the offset of its first byte."""

    source: Source
    start: int

    @property
    def end(self) -> int:
        """Return the offset after its last byte."""
        return self.start + self.source.size

    @property
    def folder(self) -> str:
        """Return the prefix below which the images have their names: that of the tar file."""
        return self.source.key[: self.source.key.rfind("/") + 1]


def of(job: Job, cloud: Cloud) -> list[Shard]:
    """Return the tar files of a job.

    Raises InvalidInput as :func:`lightship.jobs.listings.read` does.
    """
    sources = listings.read(job, cloud) if job.source.key.endswith("/") else [job.source]
    starts = accumulate((source.size for source in sources), initial=0)
    return [Shard(source, start) for source, start in zip(sources, starts, strict=False)]


def containing(shards: Sequence[Shard], offset: int) -> Shard:
    """Return the tar file that has the byte at an offset."""
    return shards[bisect_right(shards, offset, key=lambda shard: shard.start) - 1]
