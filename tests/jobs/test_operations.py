"""What callers may ask for, of their own jobs only."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from typing import Any

import pytest

from lightship import aws
from lightship.errors import InvalidInput, NotFound, UnsupportedMedia
from lightship.jobs import operations, uploads
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import LEASE, Tally
from lightship.jobs.ledger.requests import LARGEST_CHUNK, Options, Request
from lightship.jobs.ledger.runs import Pin
from lightship.jobs.ledger.table import RETENTION
from lightship.jobs.score import score
from lightship.jobs.split import plan
from lightship.jobs.status import GIGABYTE_SECOND
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.jobs.clouds import drop, objects_below
from tests.jobs.faults.play import DATA
from tests.jobs.jobs import KEY, started, status, taken
from tests.jobs.workers import run


def test_progress_from_the_start_to_the_receipt(cloud: Cloud) -> None:
    job = started(cloud)
    first = status(cloud, job)
    assert (first.state, first.progress, first.rows, first.chunks) == ("running", 0.0, 9, 3)
    cloud.now.seconds += 10  # type: ignore[attr-defined]
    score.handle(cloud.sqs.sent.pop(0)[1], cloud)
    second = status(cloud, job)
    assert second.done.chunks == 1
    assert second.rate == pytest.approx(second.done.rows / 10)
    assert second.seconds_left == pytest.approx((9 - second.done.rows) / second.rate)
    assert second.cost > 0
    run(cloud)
    record = status(cloud, job).to_json()
    assert (record["state"], record["progress"], record["correlation"]) == ("done", 1.0, "c1")
    receipt = json.loads(objects_below(cloud, job.output)[record["receipt"]])
    assert receipt["correlation"] == "c1"


def test_the_cost_is_that_of_the_time_that_was_measured_and_of_the_functions_memory(cloud: Cloud) -> None:
    job = started(cloud)
    ledger = Ledger(cloud)
    chunk, large = ledger.chunks.claim(job.id, 0, LEASE), dataclasses.replace(cloud, memory=10240)
    assert chunk
    began = time.perf_counter()
    result = score.score(ledger.jobs.find(job.id) or job, chunk, large)
    assert 0 < result.gigabyte_seconds <= (time.perf_counter() - began) * 10
    calls = status(cloud, job).cost
    assert calls == 0
    ledger.tallies.count(job.id, 0, ledger.chunks.finish(chunk, dataclasses.replace(result, gigabyte_seconds=1000.0)))
    found = status(cloud, job)
    assert found.done.gigabyte_seconds == found.to_json()["gigabyte_seconds"] == 1000
    assert found.cost == pytest.approx(1000 * GIGABYTE_SECOND, rel=0.01)
    run(cloud)
    assert status(cloud, job).done.gigabyte_seconds > 1000


def test_a_chunk_that_an_earlier_version_counted_still_counts(cloud: Cloud) -> None:
    job = started(cloud)
    ledger = Ledger(cloud)
    values = {":count": {"S": "5,1"}, ":updated": {"N": "1"}}
    cloud.dynamodb.update_item(
        TableName=cloud.table,
        Key={"job": {"S": job.id}, "item": {"S": "tally#0000"}},
        UpdateExpression="SET c000000 = :count, updated = :updated",
        ExpressionAttributeValues=values,
    )
    assert ledger.tallies.total(job.id) == Tally(1, 5, 1, 1.0, 0.0)


def test_the_same_request_is_the_same_job_and_a_run_token_makes_another(cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    ask = {"owner": "ann", "model": "quickstart", "key": KEY}
    first = operations.start(cloud, Request(**ask))
    run(cloud)
    again = operations.start(cloud, Request(**ask))
    assert (again.id, again.state) == (first.id, "done")
    assert cloud.sqs.sent == []
    assert operations.start(cloud, Request(**ask, run="again")).id != first.id
    assert {job.id for job in operations.jobs(cloud, owner="ann")} >= {first.id}
    assert len(operations.jobs(cloud, owner="ann")) == 2


def test_somebody_elses_job_and_object_are_not_there(cloud: Cloud) -> None:
    job = started(cloud)
    for ask in (operations.status, operations.cancel, operations.retry, operations.close):
        with pytest.raises(NotFound, match=job.id):
            ask(cloud, owner="bob", job=job.id)
    with pytest.raises(NotFound, match="among your uploads"):
        operations.start(cloud, Request(owner="bob", model="quickstart", key=KEY))
    assert operations.jobs(cloud, owner="bob") == []
    with pytest.raises(NotFound, match="among your uploads"):
        operations.start(cloud, Request(owner="an", model="quickstart", key=KEY))


def test_what_cannot_be_scored_is_refused_at_once(cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    drop(cloud, "uploads/ann/1/p.xls", DATA)
    with pytest.raises(NotFound, match="there is no model 'missing'"):
        operations.start(cloud, Request(owner="ann", model="missing", key=KEY))
    for version in (9, 0):
        with pytest.raises(NotFound, match=f"there is no version {version}"):
            operations.start(cloud, Request(owner="ann", model="quickstart", version=version, key=KEY))
    with pytest.raises(NotFound, match="is not there"):
        operations.start(cloud, Request(owner="ann", model="quickstart", key="uploads/ann/2/p.csv"))
    with pytest.raises(UnsupportedMedia, match="must end with one of"):
        operations.start(cloud, Request(owner="ann", model="quickstart", key="uploads/ann/1/p.xls"))
    with pytest.raises(InvalidInput, match="parquet is written in parts"):
        options = Options(output="parquet", single=True)
        operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY, options=options))


@pytest.mark.parametrize(
    "wrong",
    [
        *({"threshold": -1}, {"threshold": float("nan")}, {"single": 1}, {"speed": 2}, {"chunk": True}),
        *({"chunk": -1}, {"chunk": LARGEST_CHUNK + 1}, {"chunk": 10**15}, {"header": 1}, {"header": "no"}),
    ],
)
def test_options_without_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        Options.from_json(wrong)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_the_largest_chunk_fits_a_worker(registries: Registries, form: str) -> None:
    command = [sys.executable, "-m", "tests.jobs.largest_chunk", str(registries.examples / "quickstart" / "1"), form]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=300)
    rows, mebibytes = map(int, done.stdout.split())
    assert rows > 10**6
    assert mebibytes < 1769 - 256  # the rest is for the runtime, boto3 and the model


def test_no_file_is_so_large_that_its_chunks_do_not_fit_a_worker() -> None:
    sizes = [Options().chunk_bytes(size) for size in (1, 60 * 10**9, 5 * 2**40)]
    assert sizes == [8 * 2**20, 12_000_000, LARGEST_CHUNK]
    assert Options(chunk=LARGEST_CHUNK).chunk_bytes(1) == LARGEST_CHUNK


@pytest.mark.parametrize(
    ("threshold", "state", "named"),
    [
        (0, "failed", "first"),
        (0.07, "failed", "7%"),
        (0.075, "done", ""),
        (1, "failed", "1 or more"),
        (7, "failed", "7 or more"),
        (8, "done", ""),
        (None, "done", ""),
    ],
)
def test_a_job_fails_when_its_rejected_rows_reach_the_threshold(
    cloud: Cloud, threshold: float | None, state: str, named: str
) -> None:
    job = started(cloud, b"".join(b"1,2,x\n" if n % 15 == 7 else b"1,2,3\n" for n in range(100)), threshold=threshold)
    run(cloud)
    found = status(cloud, job)
    assert found.state == state
    assert bool(found.job.reason) == (state == "failed")
    assert named in found.job.reason
    assert (f"{job.output}receipt.json" in objects_below(cloud, job.output)) == (state == "done")


def test_without_a_rejected_row_no_threshold_is_reached(cloud: Cloud) -> None:
    job = started(cloud, b"1,2,3\n" * 9, threshold=0)
    run(cloud)
    assert status(cloud, job).state == "done"


def test_all_jobs_are_listed_however_much_there_is_to_say_of_each(cloud: Cloud) -> None:
    """DynamoDB answers with a megabyte at a time."""
    drop(cloud, KEY, DATA)
    for number in range(20):
        job = operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY, run=str(number)))
        Ledger(cloud).jobs.split(job.id, chunks=10_000, rows=10_000)
        Ledger(cloud).jobs.seal(job.id, tuple(range(10_000)))
        cloud.now.seconds += 1  # type: ignore[attr-defined]
    assert [job.run for job in operations.jobs(cloud, owner="ann", limit=18)] == [str(19 - n) for n in range(18)]


def test_a_job_is_forgotten_in_the_end(cloud: Cloud) -> None:
    job = started(cloud)
    run(cloud)
    cloud.now.seconds += RETENTION + 1  # type: ignore[attr-defined]
    with pytest.raises(NotFound):
        status(cloud, job)
    assert operations.jobs(cloud, owner="ann") == []


def test_a_job_that_was_forgotten_begins_anew_though_the_table_still_holds_it(cloud: Cloud) -> None:
    """DynamoDB deletes what has expired when it likes, and the items of one job one by one."""
    first = started(cloud)
    cloud.now.seconds += 10  # type: ignore[attr-defined]
    run(cloud)
    before = objects_below(cloud, first.output)
    for key in before:
        cloud.s3.delete_object(Bucket="jobs", Key=key)
    cloud.now.seconds += RETENTION - 5  # type: ignore[attr-defined]
    again = Ledger(cloud).jobs.create(first)
    assert (again.id, again.created) == (first.id, cloud.now())
    plan.handle({"schema": 1, "split": {"job": again.id}}, cloud)
    assert status(cloud, again).done.chunks == 0
    score.handle(taken(cloud, 1), cloud)
    assert status(cloud, again).done.chunks == 1
    run(cloud)
    assert objects_below(cloud, again.output) == before


def test_what_was_pinned_is_pinned_anew_when_it_has_expired(cloud: Cloud) -> None:
    ledger = Ledger(cloud)
    assert ledger.runs.pin("token", Pin(1, "a")) == Pin(1, "a")
    assert ledger.runs.pin("token", Pin(2, "b")) == Pin(1, "a")
    cloud.now.seconds += RETENTION + 1  # type: ignore[attr-defined]
    assert ledger.runs.pin("token", Pin(2, "b")) == Pin(2, "b")


def signed_headers(url: str) -> list[str]:
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    return query["X-Amz-SignedHeaders"][0].split(";")


def test_upload_address_of_a_stated_size_signs_the_length(cloud: Cloud) -> None:
    cloud = dataclasses.replace(cloud, s3=aws.client("s3"))
    place = uploads.begin(cloud, owner="ann", name="p.csv", size=12)
    assert "content-length" in signed_headers(place["url"])
    large = uploads.begin(cloud, owner="ann", name="p.csv", size=6 * 1024**3)
    assert all("content-length" in signed_headers(url) for url in large["parts"])
    assert signed_headers(uploads.begin(cloud, owner="ann", name="p.csv")["url"]) == ["host"]


def test_uploads_go_under_the_owners_own_prefix(cloud: Cloud) -> None:
    place = uploads.begin(cloud, owner="a/../n", name="p.csv")
    assert place["key"].startswith("uploads/a%2F..%2Fn/")
    assert urllib.request.urlparse(place["url"]).scheme == "https"
    large = uploads.begin(cloud, owner="ann", name="p.csv", size=6 * 1024**3)
    assert len(large["parts"]) == 96
    with pytest.raises(InvalidInput):
        uploads.begin(cloud, owner="ann", name="a/b.csv")
    upload = {"Bucket": "jobs", "Key": large["key"], "UploadId": large["upload"]}
    etag = cloud.s3.upload_part(**upload, PartNumber=1, Body=DATA)["ETag"]
    with pytest.raises(NotFound):
        uploads.complete(cloud, owner="bob", key=large["key"], upload=large["upload"], etags=[etag])
    uploads.complete(cloud, owner="ann", key=large["key"], upload=large["upload"], etags=[etag])
    assert objects_below(cloud, large["key"]) == {large["key"]: DATA}
