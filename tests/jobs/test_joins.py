"""Joins of parts to one file: equal bytes whatever crash interrupts them."""

from __future__ import annotations

import contextlib
import json

import pytest

from lightship.errors import NotFound
from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.finish import joins
from lightship.jobs.finish.joins import Upload
from lightship.jobs.ledger.records import Job
from lightship.jobs.ledger.requests import Options, Request
from lightship.jobs.score import score
from lightship.jobs.split import plan
from tests.jobs.clouds import drop, objects_below, watched

MEBIBYTE = 1024 * 1024
SIZES = {"s/a": 100, "s/b": 6 * MEBIBYTE, "s/c": 5 * MEBIBYTE, "s/d": 0, "s/e": 7, "s/f": 5 * MEBIBYTE + 1, "s/g": 3}
PREAMBLE = b"x,y\n"
TARGET = "batch/quickstart/output/1/predictions.csv"
KEY = "uploads/ann/1/p.csv"
HEADER = b"mean radius,mean texture,mean concavity\n"


def uploads(cloud: Cloud) -> list[str]:
    return [entry["UploadId"] for entry in cloud.s3.list_multipart_uploads(Bucket="jobs").get("Uploads", [])]


def test_join_large_and_small_parts_makes_one_object_in_steps(cloud: Cloud) -> None:
    for number, (key, size) in enumerate(SIZES.items()):
        drop(cloud, key, bytes([97 + number]) * size)
    upload = joins.begin(cloud, TARGET, "text/csv")
    steps = 0

    def step() -> bool:
        return joins.join(cloud, SIZES, Upload(TARGET, upload, "scratch/1/", PREAMBLE), deadline=cloud.now() - 1)

    while not step():
        steps += 1
    assert steps == 4  # pieces: preamble, a and b; c (copied by S3); d, e and f; g
    expected = PREAMBLE + b"".join(bytes([97 + number]) * size for number, size in enumerate(SIZES.values()))
    assert objects_below(cloud, TARGET) == {TARGET: expected}
    assert cloud.s3.head_object(Bucket="jobs", Key=TARGET)["ContentType"] == "text/csv"
    assert step()  # the upload is completed already
    assert uploads(cloud) == []


def test_join_crash_at_any_call_is_resumed_by_next_worker(cloud: Cloud) -> None:
    cloud.s3.put_bucket_versioning(Bucket="jobs", VersioningConfiguration={"Status": "Suspended"})
    sizes = {**{f"s/{number}": number for number in range(7)}, "s/x": 5 * MEBIBYTE, "s/y": 5 * MEBIBYTE, "s/z": 3}
    for number, (key, size) in enumerate(sizes.items()):
        drop(cloud, key, bytes([65 + number]) * size)
    expected = PREAMBLE + b"".join(bytes([65 + number]) * size for number, size in enumerate(sizes.values()))

    def join(cloud: Cloud) -> bool:
        return joins.join(cloud, sizes, Upload(TARGET, upload, f"scratch/{fatal}/", PREAMBLE, batch=3))

    fatal, survived = 0, False
    with watched(cloud) as (worker, network):
        while not survived:
            fatal += 1
            upload = joins.begin(cloud, TARGET, "text/csv")
            network.begin({fatal: "killed after"}.get)
            with contextlib.suppress(Exception):
                survived = join(worker)
            assert survived != network.dead
            assert join(cloud)
            assert objects_below(cloud, TARGET) == {TARGET: expected}
            assert uploads(cloud) == []
            cloud.s3.delete_object(Bucket="jobs", Key=TARGET)
    assert fatal > 20


def test_join_aborted_upload_raises_not_found(cloud: Cloud) -> None:
    upload = joins.begin(cloud, TARGET, "text/csv")
    cloud.s3.abort_multipart_upload(Bucket="jobs", Key=TARGET, UploadId=upload)
    with pytest.raises(NotFound):
        joins.join(cloud, {}, Upload(TARGET, upload, "scratch/1/"))


def single_file_job(cloud: Cloud, run: str) -> Job:
    """Start a job of 80 chunks for one file, and score all of them but the last."""
    drop(cloud, KEY, HEADER + b"".join(b"%d.5,20,0.1\n" % (number % 9) for number in range(80)))
    options = Options(chunk=10, single=True)
    job = operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY, options=options, run=run))
    plan.handle(cloud.sqs.sent.pop(0)[1], cloud)
    assert len(cloud.sqs.sent) == 80
    for _ in range(79):
        score.handle(cloud.sqs.sent.pop(0)[1], cloud)
    return job


def content(cloud: Cloud, job: Job) -> bytes:
    (part,) = json.loads(objects_below(cloud, job.output)[f"{job.output}receipt.json"])["parts"]
    return objects_below(cloud, job.output)[part["key"]]


def drain(cloud: Cloud) -> list[str]:
    """Handle every message by a function whose deadline has passed at the start."""
    results = []
    while cloud.sqs.sent:
        results.append(score.handle(cloud.sqs.sent.pop(0)[1], cloud, deadline=cloud.now() - 1))
    return results


def test_single_file_past_deadline_continues_by_messages(cloud: Cloud) -> None:
    baseline = single_file_job(cloud, "1")
    assert score.handle(cloud.sqs.sent.pop(0)[1], cloud) == "done"
    disturbed = single_file_job(cloud, "2")
    assert drain(cloud) == ["continued"] * 4 + ["done"]  # three groups of parts, and the piece
    assert content(cloud, disturbed) == content(cloud, baseline)
    assert len(content(cloud, disturbed).splitlines()) == 81
    assert uploads(cloud) == []


def test_single_file_with_aborted_upload_is_running_and_starts_again(
    cloud: Cloud,
) -> None:
    job = single_file_job(cloud, "")
    assert score.handle(cloud.sqs.sent.pop(0)[1], cloud, deadline=cloud.now() - 1) == "continued"
    assert operations.status(cloud, owner="ann", job=job.id).state == "running"
    (upload,) = uploads(cloud)
    cloud.s3.abort_multipart_upload(Bucket="jobs", Key=f"{job.output}predictions.csv", UploadId=upload)
    assert drain(cloud)[-1] == "done"
    assert len(content(cloud, job).splitlines()) == 81
