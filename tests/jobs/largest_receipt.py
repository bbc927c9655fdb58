"""Size and memory of the receipt of the largest job.

``python -m tests.jobs.largest_receipt`` prints bytes and the peak in MiB for 10,000 chunks, each with rejected rows and
the counts of 50 classes, and 64 KiB of column names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from lightship.formats.base import FIRST_BLOCK, Header
from lightship.jobs.finish import receipts
from lightship.jobs.ledger.chunks import decode
from lightship.jobs.ledger.records import Chunk, Job, Part, Result
from lightship.jobs.ledger.requests import Source
from lightship.jobs.split import plan
from tests.jobs.largest_chunk import peak

CLASSES = [f"class {number:058}" for number in range(50)]
COLUMNS = tuple(f"{number:07}" for number in range(FIRST_BLOCK // 8))
DIGEST = "0" * 64


def main() -> None:
    found = receipts.gather(job(), chunks())
    data = receipts.receipt(job(), found, COLUMNS)
    print(len(data), peak())


def job() -> Job:
    """Return a job with as many column names as a file may have."""
    return Job("0" * 32, "ann", "m" * 64, 1, DIGEST, Source("bucket", "k" * 1000), "csv", header=Header(COLUMNS))


def chunks() -> Iterator[Chunk]:
    """Yield every chunk as the ledger returns it, decoded from JSON one by one."""
    text = json.dumps(asdict(result()))
    for index in range(plan.MOST_CHUNKS):
        item = {"job": "0" * 32, "item": f"chunk#{index:06}", "attempts": 1.0, "lease": 0.0, "result": text}
        yield decode({**item, "span": json.dumps({"first": 1, "rows": 100, "start": 0, "end": 9, "key": ""})})


def result() -> Result:
    """Return the largest result of a chunk."""
    return Result(
        100, 50, {"output": written("part-00000.csv"), "errors": written("errors/part-00000.jsonl")}, counts()
    )


def written(name: str) -> Part:
    """Return the record of an object."""
    return Part(f"{job().output}{name}", 10**9, DIGEST)


def counts() -> dict[str, Any]:
    """Return the counts of a chunk's classes."""
    row = [123_456] * len(CLASSES)
    confusion = {"classes": CLASSES, "confusion": [row] * len(CLASSES)}
    return {"kind": "classes", "output": "y", "rows": 50, "right": 25, "log_loss": 12.5, **confusion}


if __name__ == "__main__":
    main()
