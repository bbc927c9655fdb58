"""The peak memory of the process that splits a file, or scores chunks of it, however large the file is.

The file is never there: an S3 of ours makes the bytes of a range up, because moto reads a whole object for each. The
ledger and the queue are moto's. ``python -m benchmarks.jobs.memory`` reads orders as JSON from standard input and
writes figures to standard output, for one file in a process of its own.
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

_ROWS = 50_000  # of the block that is repeated: more than what is read at once
_MOST_CHUNKS = 24
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class Generated:
    """A client of S3 with one object, made of the same rows again and again; what is put there is forgotten."""

    client: Any
    block: bytes
    repeated: int

    def __post_init__(self) -> None:
        self.exceptions = self.client.exceptions
        self._twice = self.block * 2

    @property
    def size(self) -> int:
        """The object's bytes."""
        return len(COLUMNS) + self.repeated * len(self.block)

    def get_object(self, *, Range: str = "bytes=0-", **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's name
        """A range of the object."""
        found = _RANGE.fullmatch(Range)
        assert found is not None, Range
        return {"Body": Body(self, int(found[1]), min(int(found[2]) + 1, self.size) if found[2] else self.size)}

    def put_object(self, **_: Any) -> dict[str, Any]:
        """Nothing is kept: what was written is told from nothing else."""
        return {"ETag": '""'}

    def read(self, start: int, end: int) -> bytes:
        """Bytes from ``start``, at most to ``end`` and no more than a block of them."""
        if start < len(COLUMNS):
            return COLUMNS[start : min(end, len(COLUMNS))]
        place = (start - len(COLUMNS)) % len(self.block)
        return self._twice[place : place + min(end - start, len(self.block))]


@dataclass
class Body:
    """What is left of a range."""

    source: Generated
    start: int
    end: int

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end."""
        data = self.source.read(self.start, min(self.end, self.start + size))
        self.start += len(data)
        return data

    def close(self) -> None:
        """Nothing to do."""


def split(job: Job, cloud: Cloud, rows: int) -> dict[str, Any]:
    """Cut the file as the function does, in one go."""
    assert plan.handle({"schema": 1, "split": {"job": job.id}}, cloud) == "split"
    current = Ledger(cloud).jobs.find(job.id)
    assert current is not None
    assert current.rows == rows, f"the file has {rows} rows, and is split into {current.rows}"
    return {"chunks": current.chunks}


def score_some(job: Job, cloud: Cloud, rows: int) -> dict[str, Any]:
    """Score up to 24 chunks, all over the file, one after the other, as one function does while it is warm."""
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
    """Carry out the orders on standard input: ``what``, ``name`` of the job, ``megabytes`` and ``registry``."""
    orders = json.load(sys.stdin)
    cloud = connect(StackSettings.from_environment(os.environ))
    block = lines(_ROWS)
    repeated = max(1, orders["megabytes"] * 1_000_000 // len(block))
    s3 = Generated(cloud.s3, block, repeated)
    cloud = Cloud(**{**vars(cloud), "s3": s3, "registry": orders["registry"]})
    digest = Bundle.open(Registry(cloud.registry, cache=cloud.cache).path("quickstart", 1)).digest
    source = Source(cloud.bucket, "generated.csv", size=s3.size)
    job = Ledger(cloud).jobs.create(Job(orders["name"], "benchmark", "quickstart", 1, digest, source, "csv"))
    rows = repeated * _ROWS
    before = processes.processor_seconds("self")
    figures = {"split": split, "score": score_some}[orders["what"]](job, cloud, rows)
    used = processes.processor_seconds("self") - before
    size = {"megabytes": significant(s3.size / 1e6), "rows": rows}
    peak = significant(processes.peak() or 0.0)
    json.dump({**size, **figures, "processor_seconds": significant(used), "peak_memory_mib": peak}, sys.stdout)


if __name__ == "__main__":
    main()
