"""Peak memory of splitting a file, or of scoring its chunks, by size of the file.

The file does not exist: an S3 client generates the bytes of each range, because moto would read the complete object.
The ledger and the queue are moto's. ``python -m benchmarks.jobs.memory`` reads parameters of one file from standard
input and writes figures to standard output, as JSON.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from typing import Any

from benchmarks import processes
from benchmarks.figures import significant
from benchmarks.jobs.inputs import COLUMNS, lines
from lightship.aws.stack import StackSettings
from lightship.bundle import Bundle
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job
from lightship.jobs.ledger.requests import Source
from lightship.jobs.score import score
from lightship.jobs.split import plan
from lightship.registry.registry import Registry

_ROWS = 50_000  # of the repeated block, which is larger than one read
_MOST_CHUNKS = 24
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class Generated:
    """S3 client with one generated object of repeated rows, which drops uploads."""

    client: Any
    block: bytes
    repeated: int

    def __post_init__(self) -> None:
        self.exceptions = self.client.exceptions
        self._twice = self.block * 2

    @property
    def size(self) -> int:
        """Return the size of the object in bytes."""
        return len(COLUMNS) + self.repeated * len(self.block)

    def get_object(self, *, Range: str = "bytes=0-", **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's name
        """Return a range of the object."""
        found = _RANGE.fullmatch(Range)
        assert found is not None, Range
        return {"Body": Body(self, int(found[1]), min(int(found[2]) + 1, self.size) if found[2] else self.size)}

    def put_object(self, **_: Any) -> dict[str, Any]:
        """Drop the object: nothing reads it."""
        return {"ETag": '""'}

    def read(self, start: int, end: int) -> bytes:
        """Return bytes from ``start`` to at most ``end``, and at most one block."""
        if start < len(COLUMNS):
            return COLUMNS[start : min(end, len(COLUMNS))]
        offset = (start - len(COLUMNS)) % len(self.block)
        return self._twice[offset : offset + min(end - start, len(self.block))]


@dataclass
class Body:
    """Remaining bytes of a range."""

    source: Generated
    start: int
    end: int

    def read(self, size: int) -> bytes:
        """Return the next bytes, empty at the end."""
        data = self.source.read(self.start, min(self.end, self.start + size))
        self.start += len(data)
        return data

    def close(self) -> None:
        """Do nothing."""


def split(job: Job, cloud: Cloud, rows: int) -> dict[str, Any]:
    """Split the file as the function does, in one call."""
    assert plan.handle({"schema": 1, "split": {"job": job.id}}, cloud) == "split"
    current = Ledger(cloud).jobs.find(job.id)
    assert current is not None
    assert current.rows == rows, f"the file has {rows} rows, but its chunks have {current.rows}"
    return {"chunks": current.chunks}


def score_some(job: Job, cloud: Cloud, rows: int) -> dict[str, Any]:
    """Score up to 24 chunks from the whole file sequentially, like one warm function."""
    chunks = list(Ledger(cloud).chunks.all(job.id))
    chosen = chunks[:: -(-len(chunks) // _MOST_CHUNKS)]
    for chunk in chosen:
        score.handle({"schema": 1, "chunk": {"job": job.id, "index": chunk.index}}, cloud)
    results = [chunk.result for chunk in Ledger(cloud).chunks.all(job.id) if chunk.result]
    assert len(results) == len(chosen)
    assert sum(result.rows for result in results) == sum(chunk.rows for chunk in chosen)
    assert not any(result.rejected for result in results)
    return {"chunks": len(chosen)}


def main() -> None:
    """Measure with the parameters from standard input.

    They are ``what`` (split or score), the job's ``name``, ``megabytes`` and ``registry``.
    """
    parameters = json.load(sys.stdin)
    cloud = connect(StackSettings.from_environment(os.environ))
    block = lines(_ROWS)
    repeated = max(1, parameters["megabytes"] * 1_000_000 // len(block))
    s3 = Generated(cloud.s3, block, repeated)
    cloud = Cloud(**{**vars(cloud), "s3": s3, "registry": parameters["registry"]})
    digest = Bundle.open(Registry(cloud.registry, cache=cloud.cache).path("quickstart", 1)).digest
    source = Source(cloud.bucket, "generated.csv", size=s3.size)
    job = Ledger(cloud).jobs.create(Job(parameters["name"], "benchmark", "quickstart", 1, digest, source, "csv"))
    rows = repeated * _ROWS
    before = processes.processor_seconds("self")
    figures = {"split": split, "score": score_some}[parameters["what"]](job, cloud, rows)
    used = processes.processor_seconds("self") - before
    size = {"megabytes": significant(s3.size / 1e6), "rows": rows}
    peak = significant(processes.peak() or 0.0)
    json.dump({**size, **figures, "processor_seconds": significant(used), "peak_memory_mib": peak}, sys.stdout)


if __name__ == "__main__":
    main()
