"""Operations of callers on their own jobs."""

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

from lightship.errors import InvalidInput, NotFound, Unavailable, UnsupportedMedia
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
from tests.jobs.faults.scenario import DATA
from tests.jobs.jobs import KEY, started, status, take_message
from tests.jobs.workers import run


def test_status_reports_progress_until_receipt(cloud: Cloud) -> None:
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


def test_cost_follows_measured_seconds_and_function_memory(cloud: Cloud) -> None:
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


def test_tally_of_earlier_version_is_counted(cloud: Cloud) -> None:
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


def test_start_same_request_is_same_job_and_run_token_makes_new_job(cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    request = {"owner": "ann", "model": "quickstart", "key": KEY}
    first = operations.start(cloud, Request(**request))
    run(cloud)
    again = operations.start(cloud, Request(**request))
    assert (again.id, again.state) == (first.id, "done")
    assert cloud.sqs.sent == []
    assert operations.start(cloud, Request(**request, run="again")).id != first.id
    assert {job.id for job in operations.jobs(cloud, owner="ann")} >= {first.id}
    assert len(operations.jobs(cloud, owner="ann")) == 2


def test_start_identical_model_of_other_name_is_new_job(cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    for entry in cloud.s3.list_objects_v2(Bucket="jobs", Prefix="models/quickstart/")["Contents"]:
        copy = entry["Key"].replace("quickstart", "copy")
        cloud.s3.copy_object(Bucket="jobs", Key=copy, CopySource=f"jobs/{entry['Key']}")
    jobs = [operations.start(cloud, Request(owner="ann", model=name, key=KEY)) for name in ("quickstart", "copy")]
    assert jobs[0].id != jobs[1].id


def test_start_with_registry_in_folder_names_registry(cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    with pytest.raises(Unavailable, match="'/models'"):
        operations.start(dataclasses.replace(cloud, registry="/models"), Request(owner="ann", model="q", key=KEY))


def test_job_and_object_of_other_owner_are_not_found(cloud: Cloud) -> None:
    job = started(cloud)
    for operation in (operations.status, operations.cancel, operations.retry, operations.close):
        with pytest.raises(NotFound, match=job.id):
            operation(cloud, owner="bob", job=job.id)
    with pytest.raises(NotFound, match="among your uploads"):
        operations.start(cloud, Request(owner="bob", model="quickstart", key=KEY))
    assert operations.jobs(cloud, owner="bob") == []
    with pytest.raises(NotFound, match="among your uploads"):
        operations.start(cloud, Request(owner="an", model="quickstart", key=KEY))


def test_start_invalid_request_is_refused(cloud: Cloud) -> None:
    drop(cloud, KEY, DATA)
    drop(cloud, "uploads/ann/1/p.xls", DATA)
    with pytest.raises(NotFound, match="there is no model 'missing'"):
        operations.start(cloud, Request(owner="ann", model="missing", key=KEY))
    for version in (9, 0):
        with pytest.raises(NotFound, match=f"there is no version {version}"):
            operations.start(cloud, Request(owner="ann", model="quickstart", version=version, key=KEY))
    with pytest.raises(NotFound, match=r"uploads/ann/2/p\.csv"):
        operations.start(cloud, Request(owner="ann", model="quickstart", key="uploads/ann/2/p.csv"))
    with pytest.raises(UnsupportedMedia, match=r"p\.xls"):
        operations.start(cloud, Request(owner="ann", model="quickstart", key="uploads/ann/1/p.xls"))
    with pytest.raises(InvalidInput, match="'single'"):
        options = Options(output="parquet", single=True)
        operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY, options=options))


@pytest.mark.parametrize(
    "wrong",
    [
        *({"threshold": -1}, {"threshold": float("nan")}, {"single": 1}, {"speed": 2}, {"chunk": True}),
        *({"chunk": -1}, {"chunk": LARGEST_CHUNK + 1}, {"chunk": 10**15}, {"header": 1}, {"header": "no"}),
    ],
)
def test_options_invalid_values_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        Options.from_json(wrong)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_largest_chunk_fits_worker_memory(registries: Registries, form: str) -> None:
    command = [sys.executable, "-m", "tests.jobs.largest_chunk", str(registries.examples / "quickstart" / "1"), form]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=300)
    rows, mebibytes = map(int, done.stdout.split())
    assert rows > 10**6
    assert mebibytes < 1769 - 256  # the rest is for the runtime, boto3 and the model


def test_chunk_bytes_never_exceed_largest_chunk() -> None:
    sizes = [Options().chunk_bytes(size) for size in (1, 60 * 10**9, 5 * 2**40)]
    assert sizes == [8 * 2**20, 12_000_000, LARGEST_CHUNK]
    assert Options(chunk=LARGEST_CHUNK).chunk_bytes(1) == LARGEST_CHUNK


@pytest.mark.parametrize(
    ("threshold", "state", "named"),
    [
        (0, "failed", "threshold is 0"),
        (0.07, "failed", "threshold is 7%"),
        (0.075, "done", ""),
        (1, "failed", "threshold is 1"),
        (7, "failed", "threshold is 7"),
        (8, "done", ""),
        (None, "done", ""),
    ],
)
def test_rejected_rows_reaching_threshold_fail_job(
    cloud: Cloud, threshold: float | None, state: str, named: str
) -> None:
    job = started(cloud, b"".join(b"1,2,x\n" if n % 15 == 7 else b"1,2,3\n" for n in range(100)), threshold=threshold)
    run(cloud)
    found = status(cloud, job)
    assert found.state == state
    assert bool(found.job.reason) == (state == "failed")
    assert named in found.job.reason
    assert (f"{job.output}receipt.json" in objects_below(cloud, job.output)) == (state == "done")


def test_threshold_zero_without_rejected_rows_is_done(cloud: Cloud) -> None:
    job = started(cloud, b"1,2,3\n" * 9, threshold=0)
    run(cloud)
    assert status(cloud, job).state == "done"


def test_jobs_list_spans_pages_of_dynamodb(cloud: Cloud) -> None:
    """DynamoDB returns at most one megabyte at a time."""
    drop(cloud, KEY, DATA)
    for number in range(20):
        job = operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY, run=str(number)))
        Ledger(cloud).jobs.split(job.id, chunks=10_000, rows=10_000)
        Ledger(cloud).jobs.seal(job.id, tuple(range(10_000)))
        cloud.now.seconds += 1  # type: ignore[attr-defined]
    assert [job.run for job in operations.jobs(cloud, owner="ann", limit=18)] == [str(19 - n) for n in range(18)]


def test_job_after_retention_is_not_found(cloud: Cloud) -> None:
    job = started(cloud)
    run(cloud)
    cloud.now.seconds += RETENTION + 1  # type: ignore[attr-defined]
    with pytest.raises(NotFound):
        status(cloud, job)
    assert operations.jobs(cloud, owner="ann") == []


def test_job_created_after_expiry_ignores_items_not_yet_deleted(cloud: Cloud) -> None:
    """DynamoDB deletes expired items late, and one by one."""
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
    score.handle(take_message(cloud, 1), cloud)
    assert status(cloud, again).done.chunks == 1
    run(cloud)
    assert objects_below(cloud, again.output) == before


def test_pin_after_expiry_is_replaced(cloud: Cloud) -> None:
    ledger = Ledger(cloud)
    assert ledger.runs.pin("token", Pin(1, "a")) == Pin(1, "a")
    assert ledger.runs.pin("token", Pin(2, "b")) == Pin(1, "a")
    cloud.now.seconds += RETENTION + 1  # type: ignore[attr-defined]
    assert ledger.runs.pin("token", Pin(2, "b")) == Pin(2, "b")


def signed_headers(url: str) -> list[str]:
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    return query["X-Amz-SignedHeaders"][0].split(";")


def test_upload_url_with_size_signs_content_length(cloud: Cloud) -> None:
    upload_urls = uploads.begin(cloud, owner="ann", name="p.csv", size=12)
    assert "content-length" in signed_headers(upload_urls["url"])
    large = uploads.begin(cloud, owner="ann", name="p.csv", size=6 * 1024**3)
    assert all("content-length" in signed_headers(url) for url in large["parts"])
    assert signed_headers(uploads.begin(cloud, owner="ann", name="p.csv")["url"]) == ["host"]


def test_uploads_go_below_prefix_of_owner(cloud: Cloud) -> None:
    upload_urls = uploads.begin(cloud, owner="a/../n", name="p.csv")
    assert upload_urls["key"].startswith("uploads/a%2F..%2Fn/")
    assert urllib.parse.urlsplit(upload_urls["url"]).path == f"/jobs/uploads/a%252F..%252Fn/{upload_urls['key'][-38:]}"
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
