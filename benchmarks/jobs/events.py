"""What one SQS record costs the function that it starts, beyond the prediction.

The real handlers, in this process, with moto behind their clients: the waiting is moto's, the processor's time is ours.
``python -m benchmarks.jobs.events`` reads orders as JSON from standard input and writes figures to standard output.
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

from benchmarks.figures import percentile
from benchmarks.jobs.inputs import COLUMNS, lines
from benchmarks.questions import Question
from lightship.app.core import assemble
from lightship.aws.stack import StackSettings
from lightship.bundle import Bundle
from lightship.formats.base import Header
from lightship.handlers import requests, score
from lightship.handlers.queues import Queue
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

_TOGETHER = 10  # the template's batch of requests
_WARM_UP = 3
_HEADERS = {"content-type": "application/json"}

Event = dict[str, Any]


class Context:
    """Enough of Lambda's."""

    def get_remaining_time_in_millis(self) -> int:
        """Plenty."""
        return 60_000


def timed(work: Callable[[Any], Any], inputs: Sequence[Any], records: int) -> dict[str, Any]:
    """Microseconds for each record, of which every input has so many: of the processor, and until it is done."""
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
    """Messages as Lambda brings them."""
    return {"Records": [{"messageId": str(place), "body": json.dumps(body)} for place, body in enumerate(bodies)]}


def handled(handler: Queue) -> Callable[[Event], None]:
    """Invoke a handler, which must take every record."""

    def invoke(batch: Event) -> None:
        found = handler(batch, Context())
        assert found == {"batchItemFailures": []}, f"records failed: {found}"

    return invoke


def requests_answered(questions: Sequence[Question], batches: int, cloud: Cloud) -> dict[str, Any]:
    """Batches of requests whose answers go to S3; the same answered without a queue around them."""
    bodies = [
        {
            "schema": 1,
            "id": f"{place}",
            "request": {"path": "/predict", "headers": _HEADERS, "body": questions[place % len(questions)].body},
            "reply": {"s3": "replies/benchmark"},
        }
        for place in range(batches * _TOGETHER)
    ]
    events = [event(bodies[start : start + _TOGETHER]) for start in range(0, len(bodies), _TOGETHER)]
    whole = timed(handled(requests.handler), events, _TOGETHER)
    for place in range(len(questions)):
        reply = cloud.s3.get_object(Bucket=cloud.bucket, Key=f"replies/benchmark/{place}.json")["Body"].read()
        said = json.loads(reply)["body"]
        assert questions[place].answered_by(said), f"{questions[place].body} is answered with {said}"
    return {"a request, its answer put into S3": whole, "of it the answer": _answers(questions, batches)}


def _answers(questions: Sequence[Question], batches: int) -> dict[str, Any]:
    settings = Settings.from_environment()
    dispatcher = assemble(settings, threads=False).entry.dispatcher
    asked = [
        Request("POST", "/predict", "", _HEADERS, question.body.encode(), caller="queue:benchmark")
        for question in questions
    ]

    found = []
    for place in range(batches * _TOGETHER):
        start, used = time.perf_counter_ns(), time.process_time_ns()
        response = dispatcher.answer(asked[place % len(asked)])
        found.append((time.process_time_ns() - used, time.perf_counter_ns() - start))
        assert response is not None
        assert questions[place % len(questions)].answered_by(response.body), response.body
    worked, waited = ([sample[side] / 1000 for sample in found] for side in (0, 1))
    return {"processor_p50_us": percentile(worked, 50), "p50_us": percentile(waited, 50), "records": len(found)}


def chunks_scored(registry: str, count: int, cloud: Cloud) -> dict[str, Any]:
    """Chunks of one row, each a record: the ledger, a range of the input, and a part."""
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
    """Carry out the orders on standard input: ``questions``, ``registry``, and how many ``batches``."""
    orders = json.load(sys.stdin)
    questions = [Question(**question) for question in orders["questions"]]
    batches, cloud = orders["batches"], connect(StackSettings.from_environment(os.environ))
    nothing = Queue("nothing", lambda message: "done")
    empty = [event([{"schema": 1}] * _TOGETHER)] * batches
    figures = {
        "a record that asks for nothing": timed(handled(nothing), empty, _TOGETHER),
        **requests_answered(questions, batches, cloud),
        **chunks_scored(orders["registry"], batches, cloud),
    }
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
