"""What else happens while a job is under way: to its rows, its model, its input, its worker's disk."""

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
from tests.jobs.faults.play import DATA, THIRD, check_rows, data
from tests.jobs.workers import run

INPUT = "batch/quickstart/input/p.csv"
OUTPUT = "batch/quickstart/output/"


def begun(cloud: Cloud, content: bytes = DATA) -> Job:
    """A job in three chunks that is split, with its messages waiting."""
    drop(cloud, "uploads/system/1/p.csv", content)
    options = Options(chunk=THIRD)
    job = operations.start(
        cloud, Request(owner=SYSTEM, model="quickstart", key="uploads/system/1/p.csv", options=options, correlation="c")
    )
    queue, message = cloud.sqs.sent.pop(0)
    assert (queue, plan.handle(message, cloud)) == ("split", "split")
    return job


def state(cloud: Cloud, job: Job) -> str:
    return operations.status(cloud, owner=SYSTEM, job=job.id).state


@pytest.mark.parametrize("poison", range(1, 10))
def test_a_poison_row_at_any_place_spoils_no_other(cloud: Cloud, poison: int) -> None:
    begun(cloud, data(poison))
    run(cloud)
    check_rows(objects_below(cloud, OUTPUT), poison)


def test_a_version_withdrawn_in_mid_job_finishes_it(cloud: Cloud, registries: Registries) -> None:
    job = begun(cloud)
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


def test_a_version_whose_content_is_another_fails_the_job(cloud: Cloud, registries: Registries) -> None:
    job = begun(cloud)
    for name in ("manifest.json", "model.tflite", "golden.npz"):
        content = (registries.small / "modes" / "1" / name).read_bytes()
        cloud.s3.put_object(Bucket="jobs", Key=f"models/quickstart/1/{name}", Body=content)
    run(cloud)
    assert state(cloud, job) == "failed"
    assert "not the one that this job began with" in operations.status(cloud, owner=SYSTEM, job=job.id).job.reason


def test_an_event_that_comes_again_after_a_new_version_is_the_same_job(cloud: Cloud, registries: Registries) -> None:
    event = drop(cloud, INPUT, DATA)
    said = run(cloud, event)
    republish(Registry(REGISTRY), registries.examples / "digits" / "1", "quickstart")
    assert said == ["split", "done"]
    assert run(cloud, event) == ["done"]
    assert len(operations.jobs(cloud, owner=SYSTEM)) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_messages_in_any_order_twice_and_late_are_one_job(cloud: Cloud, order: tuple[int, ...]) -> None:
    """What started the job comes again in the middle, and everything once more when all is done."""
    job = begun(cloud)
    first = {"schema": 1, "split": {"job": job.id}}
    chunks = [message for _, message in cloud.sqs.sent]
    said = [score.handle(chunks[order[0]], cloud), plan.handle(first, cloud)]
    said += [score.handle(chunks[place], cloud) for place in order[1:]]
    assert said == ["scored", "running", "scored", "done"]
    files = objects_below(cloud, job.output)
    check_rows(files)
    late = [score.handle(chunks[place], cloud) for place in reversed(order)]
    assert [*late, plan.handle(first, cloud)] == ["done"] * 4
    assert objects_below(cloud, job.output) == files


def test_a_full_disk_delays_a_job_and_does_not_fail_it(cloud: Cloud, tmp_path: Path) -> None:
    job = begun(cloud)
    cloud = replace(cloud, cache=CacheSettings(tmp_path))
    with full_disk(), pytest.raises(RegistryError, match="cannot keep .*: No space left on device"):
        score.handle(cloud.sqs.sent[0][1], cloud)
    assert [entry.name for entry in tmp_path.iterdir()] == [".lock"]  # nothing half there, which nobody would remove
    assert state(cloud, job) == "running"
    run(cloud)
    assert state(cloud, job) == "done"
    check_rows(objects_below(cloud, OUTPUT))


@pytest.mark.parametrize("fate", ["deleted", "replaced"])
def test_an_input_that_is_gone_in_mid_job_fails_it_with_a_reason(cloud: Cloud, fate: str) -> None:
    cloud.s3.put_bucket_versioning(Bucket="jobs", VersioningConfiguration={"Status": "Suspended"})
    job = begun(cloud)
    if fate == "deleted":
        cloud.s3.delete_object(Bucket="jobs", Key=job.source.key)
    else:
        cloud.s3.put_object(Bucket="jobs", Key=job.source.key, Body=DATA.replace(b"7.5", b"8.5"))
    run(cloud)
    assert state(cloud, job) == "failed"
    files = objects_below(cloud, job.output)
    assert f"{job.output}receipt.json" not in files
    assert "p.csv is not" in json.loads(files[f"{job.output}failure.json"])["reason"]


def test_a_replaced_input_of_a_versioned_bucket_is_read_as_it_was(cloud: Cloud) -> None:
    job = begun(cloud)
    assert job.source.version
    cloud.s3.put_object(Bucket="jobs", Key=job.source.key, Body=b"other")
    run(cloud)
    check_rows(objects_below(cloud, OUTPUT))


def test_a_job_cancelled_in_mid_job_gets_no_receipt(cloud: Cloud) -> None:
    job = begun(cloud)
    score.handle(cloud.sqs.sent.pop(0)[1], cloud)
    operations.cancel(cloud, owner=SYSTEM, job=job.id)
    assert set(run(cloud)) == {"cancelled"}
    assert state(cloud, job) == "cancelled"
    assert f"{job.output}receipt.json" not in objects_below(cloud, OUTPUT)


def test_splitting_that_runs_out_of_time_goes_on_by_a_message_to_itself(cloud: Cloud) -> None:
    many = "\n".join(["mean radius,mean texture,mean concavity", *(f"{n}.5,20,0.1" for n in range(100))]).encode()
    drop(cloud, "uploads/system/1/p.csv", many)
    options = Options(chunk=30)
    job = operations.start(
        cloud, Request(owner=SYSTEM, model="quickstart", key="uploads/system/1/p.csv", options=options)
    )
    said = []
    while splits := [entry for entry in cloud.sqs.sent if entry[0] == "split"]:
        cloud.sqs.sent.remove(splits[0])
        said.append(plan.handle(splits[0][1], cloud, deadline=cloud.now() - 1))
    assert said == ["continued"] * (len(said) - 1) + ["split"]
    assert len(said) > 3
    run(cloud)
    found = Ledger(cloud).jobs.find(job.id)
    assert found is not None
    assert (found.state, found.rows) == ("done", 100)
