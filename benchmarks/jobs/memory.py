"""Peak memory of splitting a file, or of scoring its chunks, by size of the file.

The file does not exist: a server generates the bytes of each range. The ledger and the queue are moto's. ``python -m
benchmarks.jobs.memory`` reads parameters of one file from standard input and writes figures as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import Any

from benchmarks import processes
from benchmarks.figures import significant
from benchmarks.jobs.generated import Generated, served
from benchmarks.jobs.inputs import lines
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


def split(job: Job, cloud: Cloud, rows: int) -> dict[str, Any]:
    """Split the file as the function does, in one call."""
    assert plan.handle({"schema": 1, "split": {"job": job.id}}, cloud) == "split"
    current = Ledger(cloud).jobs.find(job.id)
    assert current is not None
    assert current.rows == rows, f"the file has {rows} rows, but its chunks have {current.rows}"
    return {"chunks": current.chunks}


def score_some(job: Job, cloud: Cloud, rows: int) -> dict[str, Any]:
    """Score up to 24 chunks from the whole file sequentially, like one warm function.

    The last chunk is left out, because the receipt would need a registry in S3.
    """
    chunks = list(Ledger(cloud).chunks.all(job.id))
    chosen = chunks[: -1 : -(-len(chunks) // _MOST_CHUNKS)]
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
    block = lines(_ROWS)
    file = Generated(block, max(1, parameters["megabytes"] * 1_000_000 // len(block)))
    with served(file) as address:
        os.environ["AWS_ENDPOINT_URL_S3"] = address
        json.dump(measure(file, parameters), sys.stdout)


def measure(file: Generated, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of one file."""
    cloud = replace(connect(StackSettings.from_environment(os.environ)), registry=parameters["registry"])
    digest = Bundle.open(Registry(cloud.registry, cache=cloud.cache).path("quickstart", 1)).digest
    source = Source(cloud.bucket, "generated.csv", size=file.size)
    job = Ledger(cloud).jobs.create(Job(parameters["name"], "benchmark", "quickstart", 1, digest, source, "csv"))
    rows = file.repeated * _ROWS
    before = processes.processor_seconds("self")
    figures = {"split": split, "score": score_some}[parameters["what"]](job, cloud, rows)
    used = processes.processor_seconds("self") - before
    size = {"megabytes": significant(file.size / 1e6), "rows": rows}
    peak = significant(processes.peak() or 0.0)
    return {**size, **figures, "processor_seconds": significant(used), "peak_memory_mib": peak}


if __name__ == "__main__":
    main()
