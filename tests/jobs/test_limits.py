"""Limits: DynamoDB's items, a worker's memory, and chains of invocations."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from lightship.errors import Unavailable
from lightship.formats.base import FIRST_BLOCK, Header
from lightship.jobs import messages, operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job
from lightship.jobs.ledger.requests import Options, Request
from lightship.jobs.score import score
from lightship.jobs.split import plan, schedules
from tests.emulator import ROOT
from tests.jobs import largest_receipt
from tests.jobs.clouds import drop, objects_below
from tests.jobs.jobs import KEY, started, status
from tests.jobs.workers import run

KIB = 1024
LARGEST_ITEM = 400 * KIB  # DynamoDB's limit
WRITE_UNIT = KIB  # bytes of one write capacity unit

LAST_HOP = {"hops": messages.MOST_HOPS}


def stored(cloud: Cloud, identity: str) -> dict[str, int]:
    """Return the bytes of a job's items by sort key.

    Names and values are counted, as DynamoDB does.
    """
    pages = cloud.dynamodb.get_paginator("scan").paginate(TableName=cloud.table)
    found = [item for page in pages for item in page["Items"] if item["job"]["S"] == identity]
    return {
        item["item"]["S"]: sum(len(name) + len(next(iter(value.values())).encode()) for name, value in item.items())
        for item in found
    }


@pytest.mark.parametrize(
    "columns",
    [largest_receipt.COLUMNS, ("\x01" * FIRST_BLOCK,), ("é" * (FIRST_BLOCK // 2),), ("\x01",) * (FIRST_BLOCK // 2)],
    ids=["many names", "one name of control characters", "one name of two-byte characters", "short names"],
)
def test_column_names_of_64_kib_fit_one_item(cloud: Cloud, columns: tuple[str, ...]) -> None:
    job = _unsplit_job(cloud, b"1,2,3\n")
    Ledger(cloud).jobs.put_header(job.id, Header(columns))
    sizes = stored(cloud, job.id)
    assert sizes["header"] < LARGEST_ITEM
    assert sizes["job"] <= 2 * WRITE_UNIT
    assert Ledger(cloud).jobs.with_header(job).header == Header(columns)


def test_column_names_are_stored_once_for_all_chunks(cloud: Cloud) -> None:
    names = ["mean radius", "mean texture", "mean concavity", *(f"c{number:05}" for number in range(9000))]
    row = ",".join(["1", "2", "3", *[""] * 9000]).encode()
    job = _unsplit_job(cloud, ",".join(names).encode() + b"\n" + b"\n".join([row] * 9), chunk=len(row))
    run(cloud)
    assert status(cloud, job).state == "done"
    sizes = stored(cloud, job.id)
    assert sizes.pop("header") > 60 * KIB
    assert len([item for item in sizes if item.startswith("chunk#")]) == 9
    assert max(sizes.values()) <= 2 * WRITE_UNIT
    receipt = json.loads(objects_below(cloud, job.output)[f"{job.output}receipt.json"])
    assert receipt["columns"][: len(names)] == names


def test_job_of_earlier_version_keeps_columns(cloud: Cloud) -> None:
    job = started(cloud)
    header = {"header": {"S": json.dumps({"columns": ["a", "b"], "length": 4})}}
    location = {"TableName": cloud.table, "Key": {"job": {"S": job.id}, "item": {"S": "job"}}}
    values = {":header": header["header"]}
    cloud.dynamodb.update_item(**location, UpdateExpression="SET header = :header", ExpressionAttributeValues=values)
    found = Ledger(cloud).jobs.find(job.id)
    assert found is not None
    assert Ledger(cloud).jobs.with_header(found).header == Header(("a", "b"), 4)


def test_chunk_largest_result_is_below_32_kib(cloud: Cloud) -> None:
    job = started(cloud)
    run(cloud)
    (chunk, *_) = Ledger(cloud).chunks.all(job.id)
    cloud.dynamodb.delete_item(TableName=cloud.table, Key={"job": {"S": job.id}, "item": {"S": "chunk#000000"}})
    Ledger(cloud).chunks.add(chunk)
    Ledger(cloud).chunks.finish(chunk, largest_receipt.result())
    assert stored(cloud, job.id)["chunk#000000"] < 32 * KIB


def test_receipt_of_largest_job_fits_worker_memory() -> None:
    command = [sys.executable, "-m", "tests.jobs.largest_receipt"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    size, peak = map(int, done.stdout.split())
    assert size > 4_000_000  # lists every part and every errors part
    assert peak < 256  # MiB; a worker has at least 512


# Chains of invocations.


def test_split_continued_counts_invocations(cloud: Cloud) -> None:
    _unsplit_job(cloud, b"1,2,3\n" * 50, chunk=6)
    late, hops = cloud.now() - 1, []
    message = _last_message(cloud, "split")
    while plan.handle(message, cloud, deadline=late) == "continued":
        message = _last_message(cloud, "split")
        hops.append(message["hops"])
    assert hops == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("what", ["split", "retry"])
def test_split_queue_too_long_chain_is_refused(cloud: Cloud, what: str) -> None:
    job = _unsplit_job(cloud, b"1,2,3\n")
    before = len(cloud.sqs.sent)
    with pytest.raises(Unavailable):
        plan.handle({"schema": 1, what: {"job": job.id, "indices": [0]}, **LAST_HOP}, cloud)
    assert len(cloud.sqs.sent) == before


def test_schedule_too_long_chain_is_refused(cloud: Cloud) -> None:
    body = {"model": "quickstart", "input": f"s3://jobs/{KEY}", "schedule": "nightly", "time": "2026-11-10T03:00:00Z"}
    with pytest.raises(Unavailable):
        plan.handle({"schema": 1, "run": body, **LAST_HOP}, cloud)
    assert schedules.last("nightly", cloud) == ""


def test_join_continued_counts_invocations(cloud: Cloud) -> None:
    job = _scored_job(cloud, chunks=33)  # more than one batch of parts
    late, hops = cloud.now() - 1, []
    message: dict[str, Any] = {"schema": 1, "finish": {"job": job.id}}
    while score.handle(message, cloud, deadline=late) == "continued":
        message = _last_message(cloud, "finish")
        hops.append(message["hops"])
    assert hops == list(range(1, len(hops) + 1))
    assert len(hops) > 1
    assert status(cloud, job).state == "done"


def test_join_too_long_chain_is_refused(cloud: Cloud) -> None:
    job = _scored_job(cloud)
    with pytest.raises(Unavailable):
        score.handle({"schema": 1, "finish": {"job": job.id}, **LAST_HOP}, cloud)


def _unsplit_job(cloud: Cloud, content: bytes, **options: Any) -> Job:
    """Start a job of ann's whose file is not split yet."""
    drop(cloud, KEY, content)
    return operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY, options=Options(**options)))


def _scored_job(cloud: Cloud, *, chunks: int = 9) -> Job:
    """Start a job for one file; score all chunks without joining the parts."""
    job = _unsplit_job(cloud, b"1,2,3\n" * chunks, chunk=6, single=True)
    plan.handle(_last_message(cloud, "split"), cloud)
    for index in range(chunks):
        score.handle({"schema": 1, "chunk": {"job": job.id, "index": index}}, cloud, deadline=cloud.now() - 1)
    return job


def _last_message(cloud: Cloud, what: str) -> dict[str, Any]:
    """Return the last message of a kind."""
    return dict([message for _, message in cloud.sqs.sent if what in message][-1])
