"""Events during a job, concerning its rows, model, input, or its worker's disk."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from lightship.errors import NotFound, RegistryError
from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job
from lightship.jobs.ledger.requests import SYSTEM, Options, Request
from lightship.jobs.score import score
from lightship.jobs.split import plan
from lightship.registry.registry import Registry
from lightship.settings import CacheSettings
from tests.bundles import Registries, republish
from tests.disks import full_disk
from tests.jobs.clouds import REGISTRY, drop, objects_below
from tests.jobs.faults.scenario import CHUNK_BYTES, DATA, check_rows, data
from tests.jobs.scoring import finished, png
from tests.jobs.workers import handle, run

INPUT = "batch/quickstart/input/p.csv"
OUTPUT = "batch/quickstart/output/"


def split_job(cloud: Cloud, content: bytes = DATA) -> Job:
    """Start a job in three chunks and split it; its messages are queued."""
    drop(cloud, "uploads/system/1/p.csv", content)
    options = Options(chunk=CHUNK_BYTES)
    job = operations.start(
        cloud, Request(owner=SYSTEM, model="quickstart", key="uploads/system/1/p.csv", options=options, correlation="c")
    )
    queue, message = cloud.sqs.sent.pop(0)
    assert (queue, plan.handle(message, cloud)) == ("split", "split")
    return job


def state(cloud: Cloud, job: Job) -> str:
    return operations.status(cloud, owner=SYSTEM, job=job.id).state


@pytest.mark.parametrize("poison", range(1, 10))
def test_invalid_row_at_any_position_rejects_no_other_row(cloud: Cloud, poison: int) -> None:
    split_job(cloud, data(poison))
    run(cloud)
    check_rows(objects_below(cloud, OUTPUT), poison)


def test_version_withdrawn_during_job_is_used_until_done(cloud: Cloud, registries: Registries) -> None:
    job = split_job(cloud)
    registry = Registry(REGISTRY)
    republish(registry, registries.examples / "quickstart" / "1", "quickstart")
    registry.change("quickstart", lambda found: found.withdraw(1))
    assert registry.versions("quickstart") == [2]
    run(cloud)
    assert state(cloud, job) == "done"
    receipt = json.loads(objects_below(cloud, OUTPUT)[f"{job.output}receipt.json"])
    assert receipt["model"]["version"] == 1
    with pytest.raises(NotFound, match="version 1.*'quickstart'"):
        operations.start(cloud, Request(owner=SYSTEM, model="quickstart", key=job.source.key, version=1, run="again"))


def test_version_with_changed_content_fails_job(cloud: Cloud, registries: Registries) -> None:
    job = split_job(cloud)
    for name in ("manifest.json", "model.tflite", "golden.npz"):
        content = (registries.small / "modes" / "1" / name).read_bytes()
        cloud.s3.put_object(Bucket="jobs", Key=f"models/quickstart/1/{name}", Body=content)
    run(cloud)
    assert state(cloud, job) == "failed"
    assert "version 1 of 'quickstart'" in operations.status(cloud, owner=SYSTEM, job=job.id).job.reason


def test_event_repeated_after_new_version_is_same_job(cloud: Cloud, registries: Registries) -> None:
    event = drop(cloud, INPUT, DATA)
    results = run(cloud, event)
    republish(Registry(REGISTRY), registries.examples / "digits" / "1", "quickstart")
    assert results == ["split", "done"]
    assert run(cloud, event) == ["done"]
    assert len(operations.jobs(cloud, owner=SYSTEM)) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_messages_in_any_order_repeated_and_late_are_one_job(cloud: Cloud, order: tuple[int, ...]) -> None:
    """The first message is repeated in the middle, and all messages at the end."""
    job = split_job(cloud)
    first = {"schema": 1, "split": {"job": job.id}}
    chunks = [message for _, message in cloud.sqs.sent]
    results = [score.handle(chunks[order[0]], cloud), plan.handle(first, cloud)]
    results += [score.handle(chunks[index], cloud) for index in order[1:]]
    assert results == ["scored", "running", "scored", "done"]
    files = objects_below(cloud, job.output)
    check_rows(files)
    late = [score.handle(chunks[index], cloud) for index in reversed(order)]
    assert [*late, plan.handle(first, cloud)] == ["done"] * 4
    assert objects_below(cloud, job.output) == files


def test_full_disk_delays_job_without_failing(cloud: Cloud, tmp_path: Path) -> None:
    job = split_job(cloud)
    cloud = replace(cloud, cache=CacheSettings(tmp_path))
    with full_disk(), pytest.raises(RegistryError, match="cannot keep .*: File too large"):
        score.handle(cloud.sqs.sent[0][1], cloud)
    assert [entry.name for entry in tmp_path.iterdir()] == [".lock"]  # no partial version is left
    assert state(cloud, job) == "running"
    run(cloud)
    assert state(cloud, job) == "done"
    check_rows(objects_below(cloud, OUTPUT))


@pytest.mark.parametrize("fate", ["deleted", "replaced"])
def test_input_deleted_or_replaced_during_job_fails_job(cloud: Cloud, fate: str) -> None:
    cloud.s3.put_bucket_versioning(Bucket="jobs", VersioningConfiguration={"Status": "Suspended"})
    job = split_job(cloud)
    if fate == "deleted":
        cloud.s3.delete_object(Bucket="jobs", Key=job.source.key)
    else:
        cloud.s3.put_object(Bucket="jobs", Key=job.source.key, Body=DATA.replace(b"7.5", b"8.5"))
    run(cloud)
    assert state(cloud, job) == "failed"
    files = objects_below(cloud, job.output)
    assert f"{job.output}receipt.json" not in files
    assert "p.csv" in json.loads(files[f"{job.output}failure.json"])["reason"]


def test_input_replaced_in_versioned_bucket_is_read_by_version(cloud: Cloud) -> None:
    job = split_job(cloud)
    assert job.source.version
    cloud.s3.put_object(Bucket="jobs", Key=job.source.key, Body=b"other")
    run(cloud)
    check_rows(objects_below(cloud, OUTPUT))


def test_job_cancelled_during_scoring_has_no_receipt(cloud: Cloud) -> None:
    job = split_job(cloud)
    score.handle(cloud.sqs.sent.pop(0)[1], cloud)
    operations.cancel(cloud, owner=SYSTEM, job=job.id)
    assert set(run(cloud)) == {"cancelled"}
    assert state(cloud, job) == "cancelled"
    assert f"{job.output}receipt.json" not in objects_below(cloud, OUTPUT)


def test_splitting_past_deadline_continues_by_messages(cloud: Cloud) -> None:
    many = "\n".join(["mean radius,mean texture,mean concavity", *(f"{n}.5,20,0.1" for n in range(100))]).encode()
    drop(cloud, "uploads/system/1/p.csv", many)
    options = Options(chunk=30)
    job = operations.start(
        cloud, Request(owner=SYSTEM, model="quickstart", key="uploads/system/1/p.csv", options=options)
    )
    results = []
    while splits := [entry for entry in cloud.sqs.sent if entry[0] == "split"]:
        cloud.sqs.sent.remove(splits[0])
        results.append(plan.handle(splits[0][1], cloud, deadline=cloud.now() - 1))
    assert results == ["continued"] * (len(results) - 1) + ["split"]
    assert len(results) > 3
    run(cloud)
    found = Ledger(cloud).jobs.find(job.id)
    assert found is not None
    assert (found.state, found.rows) == ("done", 100)


@pytest.mark.parametrize("fate", ["deleted", "replaced"])
def test_image_deleted_or_replaced_after_listing_is_rejected(all_models: Cloud, fate: str) -> None:
    for name in ("a.png", "b.png", "c//d.png"):
        drop(all_models, f"uploads/system/1/{name}", png(1))
    job = operations.start(all_models, Request(owner=SYSTEM, model="digits", key="uploads/system/1/"))
    assert [handle(*all_models.sqs.sent.pop(0), all_models) for _ in range(2)] == ["handed over", "split"]
    for name in ("b.png", "c//d.png"):
        if fate == "deleted":
            all_models.s3.delete_object(Bucket="jobs", Key=f"uploads/system/1/{name}")
        else:
            drop(all_models, f"uploads/system/1/{name}", png(2))
    job, receipt, files = finished(all_models, job)
    assert (job.state, receipt["rows"]) == ("done", {"read": 3, "scored": 1, "rejected": 2})
    wrong = [json.loads(line) for line in files["errors/part-00000.jsonl"].splitlines()]
    assert [(each["row"], each["text"].rpartition("1/")[2]) for each in wrong] == [(2, "b.png"), (3, "c//d.png")]
    assert all(("does not exist" if fate == "deleted" else "was replaced") in each["reason"] for each in wrong)
