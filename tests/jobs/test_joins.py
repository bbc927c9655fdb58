"""One file of many parts: the same bytes whatever happens while it is made."""

from __future__ import annotations

import contextlib
import json
from typing import Any

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
from tests.jobs.clouds import drop, objects_below
from tests.jobs.faults.cloud import Killed

MEBIBYTE = 1024 * 1024
SIZES = {"s/a": 100, "s/b": 6 * MEBIBYTE, "s/c": 5 * MEBIBYTE, "s/d": 0, "s/e": 7, "s/f": 5 * MEBIBYTE + 1, "s/g": 3}
PREAMBLE = b"x,y\n"
TARGET = "batch/quickstart/output/1/predictions.csv"
KEY = "uploads/ann/1/p.csv"
HEADER = b"mean radius,mean texture,mean concavity\n"


def uploads(cloud: Cloud) -> list[str]:
    return [entry["UploadId"] for entry in cloud.s3.list_multipart_uploads(Bucket="jobs").get("Uploads", [])]


def test_large_and_small_parts_become_one_object_step_by_step(cloud: Cloud) -> None:
    for number, (key, size) in enumerate(SIZES.items()):
        drop(cloud, key, bytes([97 + number]) * size)
    upload = joins.begin(cloud, TARGET, "text/csv")
    steps = 0

    def step() -> bool:
        return joins.join(cloud, SIZES, Upload(TARGET, upload, "scratch/1/", PREAMBLE), deadline=cloud.now() - 1)

    while not step():
        steps += 1
    assert steps == 4  # a and b behind the preamble; c by itself, copied; d, e and f; g
    expected = PREAMBLE + b"".join(bytes([97 + number]) * size for number, size in enumerate(SIZES.values()))
    assert objects_below(cloud, TARGET) == {TARGET: expected}
    assert cloud.s3.head_object(Bucket="jobs", Key=TARGET)["ContentType"] == "text/csv"
    assert step()  # another one has completed it
    assert uploads(cloud) == []


@pytest.mark.parametrize("moment", ["before-call", "after-call"])
def test_whoever_dies_at_any_call_leaves_what_another_one_finishes(cloud: Cloud, moment: str) -> None:
    cloud.s3.put_bucket_versioning(Bucket="jobs", VersioningConfiguration={"Status": "Suspended"})
    sizes = {**{f"s/{number}": number for number in range(7)}, "s/x": 5 * MEBIBYTE, "s/y": 5 * MEBIBYTE, "s/z": 3}
    for number, (key, size) in enumerate(sizes.items()):
        drop(cloud, key, bytes([65 + number]) * size)
    expected = PREAMBLE + b"".join(bytes([65 + number]) * size for number, size in enumerate(sizes.values()))
    calls, fatal = 0, 0

    def count(**_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == fatal:
            raise Killed

    def join() -> bool:
        return joins.join(cloud, sizes, Upload(TARGET, upload, f"scratch/{fatal}/", PREAMBLE, batch=3))

    cloud.s3.meta.events.register(f"{moment}.s3", count)
    survived = False
    while not survived:
        upload = joins.begin(cloud, TARGET, "text/csv")
        calls, fatal = 0, fatal + 1
        with contextlib.suppress(Killed):
            survived = join()
        calls = fatal
        assert join()
        assert objects_below(cloud, TARGET) == {TARGET: expected}
        assert uploads(cloud) == []
        cloud.s3.delete_object(Bucket="jobs", Key=TARGET)
    assert fatal > 20


def test_an_upload_that_came_to_nothing_is_told_from_one_that_is_complete(cloud: Cloud) -> None:
    upload = joins.begin(cloud, TARGET, "text/csv")
    cloud.s3.abort_multipart_upload(Bucket="jobs", Key=TARGET, UploadId=upload)
    with pytest.raises(NotFound):
        joins.join(cloud, {}, Upload(TARGET, upload, "scratch/1/"))


def single(cloud: Cloud, word: str) -> Job:
    """A job of 80 chunks for one file, all of them scored but the last."""
    drop(cloud, KEY, HEADER + b"".join(b"%d.5,20,0.1\n" % (number % 9) for number in range(80)))
    options = Options(chunk=10, single=True)
    job = operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY, options=options, run=word))
    plan.handle(cloud.sqs.sent.pop(0)[1], cloud)
    assert len(cloud.sqs.sent) == 80
    for _ in range(79):
        score.handle(cloud.sqs.sent.pop(0)[1], cloud)
    return job


def content(cloud: Cloud, job: Job) -> bytes:
    (part,) = json.loads(objects_below(cloud, job.output)[f"{job.output}receipt.json"])["parts"]
    return objects_below(cloud, job.output)[part["key"]]


def until_quiet(cloud: Cloud) -> list[str]:
    """Every message is handled by a function whose time is up as soon as it begins."""
    said = []
    while cloud.sqs.sent:
        said.append(score.handle(cloud.sqs.sent.pop(0)[1], cloud, deadline=cloud.now() - 1))
    return said


def test_one_file_goes_on_by_messages_where_the_time_is_up(cloud: Cloud) -> None:
    undisturbed = single(cloud, "1")
    assert score.handle(cloud.sqs.sent.pop(0)[1], cloud) == "done"
    disturbed = single(cloud, "2")
    assert until_quiet(cloud) == ["continued"] * 4 + ["done"]  # three runs of parts, and what they make
    assert content(cloud, disturbed) == content(cloud, undisturbed)
    assert len(content(cloud, disturbed).splitlines()) == 81
    assert uploads(cloud) == []


def test_one_file_that_is_being_made_keeps_its_job_running_and_begins_again_where_its_upload_is_lost(
    cloud: Cloud,
) -> None:
    job = single(cloud, "")
    assert score.handle(cloud.sqs.sent.pop(0)[1], cloud, deadline=cloud.now() - 1) == "continued"
    assert operations.status(cloud, owner="ann", job=job.id).state == "running"
    (upload,) = uploads(cloud)
    cloud.s3.abort_multipart_upload(Bucket="jobs", Key=f"{job.output}predictions.csv", UploadId=upload)
    assert until_quiet(cloud)[-1] == "done"
    assert len(content(cloud, job).splitlines()) == 81
