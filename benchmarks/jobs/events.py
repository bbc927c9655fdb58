"""Cost of one SQS record in the function that handles it.

The real handlers run in this process with clients of moto: waiting time is mostly moto's, processor time is
Lightship's. ``python -m benchmarks.jobs.events`` reads parameters from standard input and writes figures to standard
output, as JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.examples import Example
from benchmarks.figures import percentile
from benchmarks.jobs.inputs import COLUMNS, lines
from lightship.app.core import assemble
from lightship.aws.stack import StackSettings
from lightship.bundle import Bundle
from lightship.formats.base import Header
from lightship.handlers import requests, score
from lightship.handlers.queues import QueueHandler
from lightship.jobs import starting
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Chunk, Cursor
from lightship.jobs.ledger.requests import Request as JobRequest
from lightship.jobs.ledger.requests import Source
from lightship.jobs.ledger.runs import Pin
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.settings import CacheSettings, Settings

_BATCH_SIZE = 10  # of the requests queue in the template
_WARM_UP = 3
_HEADERS = {"content-type": "application/json"}

Event = dict[str, Any]


class Context:
    """Lambda context with the remaining time."""

    def get_remaining_time_in_millis(self) -> int:
        """Return a time that is long enough for every batch."""
        return 60_000


def timed(work: Callable[[Any], Any], inputs: Sequence[Any], records: int) -> dict[str, Any]:
    """Return microseconds per record: processor time and elapsed time.

    ``records`` is the number of records in each input.
    """
    waited, worked = [], []
    for value in inputs:
        start, used = time.perf_counter_ns(), time.process_time_ns()
        with contextlib.redirect_stdout(io.StringIO()):  # the log
            work(value)
        worked.append((time.process_time_ns() - used) / 1000 / records)
        waited.append((time.perf_counter_ns() - start) / 1000 / records)
    kept = slice(_WARM_UP, None)
    figures = {"processor_p50_us": percentile(worked[kept], 50), "p50_us": percentile(waited[kept], 50)}
    return {**figures, "records": len(waited[kept]) * records}


def event(bodies: Sequence[dict[str, Any]]) -> Event:
    """Return messages as an event of Lambda."""
    return {"Records": [{"messageId": str(index), "body": json.dumps(body)} for index, body in enumerate(bodies)]}


def handled(handler: QueueHandler) -> Callable[[Event], None]:
    """Return a function that invokes a handler, which must process every record."""

    def invoke(batch: Event) -> None:
        found = handler(batch, Context())
        assert found == {"batchItemFailures": []}, f"records failed: {found}"

    return invoke


def requests_answered(examples: Sequence[Example], batches: int, cloud: Cloud) -> dict[str, Any]:
    """Measure requests with replies in S3, and the same requests without a queue."""
    bodies = [
        {
            "schema": 1,
            "id": f"{index}",
            "request": {"path": "/predict", "headers": _HEADERS, "body": examples[index % len(examples)].body},
            "reply": {"s3": "replies/benchmark"},
        }
        for index in range(batches * _BATCH_SIZE)
    ]
    events = [event(bodies[start : start + _BATCH_SIZE]) for start in range(0, len(bodies), _BATCH_SIZE)]
    whole = timed(handled(requests.handler), events, _BATCH_SIZE)
    for index in range(len(examples)):
        reply = cloud.s3.get_object(Bucket=cloud.bucket, Key=f"replies/benchmark/{index}.json")["Body"].read()
        response = json.loads(reply)["body"]
        assert examples[index].matches(response), f"the response to {examples[index].body} is {response}"
    return {"a request, its answer put into S3": whole, "of it the answer": _responses(examples, batches)}


def _responses(examples: Sequence[Example], batches: int) -> dict[str, Any]:
    settings = Settings.from_environment()
    dispatcher = assemble(settings, threads=False).entry.dispatcher
    prepared = [
        Request("POST", "/predict", "", _HEADERS, example.body.encode(), caller="queue:benchmark")
        for example in examples
    ]

    found = []
    for index in range(batches * _BATCH_SIZE):
        start, used = time.perf_counter_ns(), time.process_time_ns()
        response = dispatcher.answer(prepared[index % len(prepared)])
        found.append((time.process_time_ns() - used, time.perf_counter_ns() - start))
        assert response is not None
        assert examples[index % len(examples)].matches(response.body), response.body
    worked, waited = ([sample[side] / 1000 for sample in found] for side in (0, 1))
    return {"processor_p50_us": percentile(worked, 50), "p50_us": percentile(waited, 50), "records": len(found)}


def chunks_scored(registry: str, count: int, cloud: Cloud) -> dict[str, Any]:
    """Measure chunks of one row, with one record each."""
    rows = lines(count).splitlines(keepends=True)
    put = cloud.s3.put_object(Bucket=cloud.bucket, Key="uploads/benchmark/chunks.csv", Body=COLUMNS + b"".join(rows))
    source = Source(cloud.bucket, "uploads/benchmark/chunks.csv", put["VersionId"])
    digest = Bundle.open(Registry(registry, cache=CacheSettings.from_environment()).path("quickstart", 1)).digest
    ledger, request = Ledger(cloud), JobRequest("benchmark", "quickstart", source.key)
    job = starting.make(request, source, Pin(1, digest))
    ledger.jobs.create(job)
    header = Header(tuple(COLUMNS.decode().strip().split(",")), len(COLUMNS))
    start = len(COLUMNS)
    for index, row in enumerate(rows):
        ledger.chunks.add(Chunk(job.id, index, index + 1, 1, start, start + len(row)))
        start += len(row)
    ledger.jobs.put_header(job.id, header)
    ledger.jobs.advance(job.id, Cursor(start, count + 1, count))
    events = [event([{"schema": 1, "chunk": {"job": job.id, "index": index}}]) for index in range(count)]
    figures = timed(handled(score.handler), events, 1)
    tally = ledger.tallies.total(job.id)
    assert (tally.chunks, tally.rows, tally.rejected) == (count, count, 0), f"the ledger has {tally}"
    return {"a chunk of one row": figures}


def main() -> None:
    """Measure with ``examples``, ``registry`` and ``batches`` from standard input."""
    parameters = json.load(sys.stdin)
    examples = [Example(**example) for example in parameters["examples"]]
    batches, cloud = parameters["batches"], connect(StackSettings.from_environment(os.environ))
    nothing = QueueHandler("nothing", lambda message: "done")
    empty = [event([{"schema": 1}] * _BATCH_SIZE)] * batches
    figures = {
        "a record that asks for nothing": timed(handled(nothing), empty, _BATCH_SIZE),
        **requests_answered(examples, batches, cloud),
        **chunks_scored(parameters["registry"], batches, cloud),
    }
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
