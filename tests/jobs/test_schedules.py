"""Runs of schedules: the jobs they start, and the runs that are skipped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import ATTEMPTS, LEASE, SILENCE, Job
from lightship.jobs.ledger.runs import LastRun
from lightship.jobs.split import plan, schedules
from tests.jobs.clouds import drop, objects_below, watched
from tests.jobs.faults.scenario import DATA
from tests.jobs.workers import run

RUN = {"model": "quickstart", "input": "s3://jobs/nightly/", "schedule": "nightly"}


def scheduled(cloud: Cloud, day: int, **other: Any) -> str:
    return plan.handle({"schema": 1, "run": {**RUN, "time": f"2026-11-{day:02}T00:00:00Z", **other}}, cloud)


def test_schedule_prefix_is_scored_at_each_run(cloud: Cloud) -> None:
    drop(cloud, "nightly/a.csv", DATA)
    drop(cloud, "nightly/b.csv", DATA)
    drop(cloud, "nightly/readme.txt", b"")
    assert [scheduled(cloud, 10), scheduled(cloud, 10)] == ["started", "started"]
    assert scheduled(cloud, 11) == "overlapping"
    run(cloud)
    assert [scheduled(cloud, 9), scheduled(cloud, 11), scheduled(cloud, 10)] == ["late", "started", "late"]
    run(cloud)
    jobs = operations.jobs(cloud, owner="system")
    assert len(jobs) == 4
    assert {job.state for job in jobs} == {"done"}
    assert scheduled(cloud, 12, schedule="other", input="s3://jobs/nothing/") == "empty"


def test_run_after_incomplete_run_starts(cloud: Cloud) -> None:
    """No worker is active on the incomplete run's job, so it does not overlap."""
    drop(cloud, "nightly/a.csv", DATA)
    assert scheduled(cloud, 10) == "started"
    (message,) = [message for _, message in cloud.sqs.sent]
    cloud.sqs.sent.clear()
    for _ in range(ATTEMPTS):
        Ledger(cloud).jobs.claim(message["split"]["job"], LEASE)
    assert scheduled(cloud, 11) == "overlapping"
    cloud.now.seconds += LEASE + 1  # type: ignore[attr-defined]
    assert scheduled(cloud, 11) == "started"


def test_run_days_late_starts_unless_later_run_began(cloud: Cloud) -> None:
    drop(cloud, "nightly/a.csv", DATA)
    assert scheduled(cloud, 10) == "started"
    run(cloud)
    cloud.now.seconds += 4 * 24 * 3600  # type: ignore[attr-defined]
    assert scheduled(cloud, 11) == "started"
    assert set(run(cloud)) == {"split", "done"}


def jobs(cloud: Cloud) -> list[Job]:
    return operations.jobs(cloud, owner="system")


def test_run_after_run_with_lost_messages_starts(cloud: Cloud) -> None:
    drop(cloud, "nightly/a.csv", DATA)
    assert scheduled(cloud, 10) == "started"
    plan.handle(cloud.sqs.sent.pop(0)[1], cloud)
    cloud.sqs.sent.clear()
    assert scheduled(cloud, 11) == "overlapping"
    cloud.now.seconds += SILENCE + 1  # type: ignore[attr-defined]
    assert scheduled(cloud, 11) == "started"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"model": "missing"}, "'missing'"),
        ({"options": {"speed": 2}}, "'speed'"),
        ({"options": "fast"}, "'options' must be an object, not 'fast'"),
        ({"options": {"output": "jsonlines"}}, "'jsonlines'"),
        ({"input": "s3://jobs/nightly/b.csv"}, "s3://jobs/nightly/b.csv"),
        ({"input": "nightly/"}, "'nightly/'"),
    ],
)
def test_run_with_permanent_error_is_failed_job(cloud: Cloud, wrong: dict[str, Any], named: str) -> None:
    drop(cloud, "nightly/a.csv", DATA)
    assert [scheduled(cloud, 10, **wrong), scheduled(cloud, 10, **wrong)] == ["started", "started"]
    assert run(cloud) == []
    (job,) = jobs(cloud)
    assert job.state == "failed"
    assert named in job.reason
    assert json.loads(objects_below(cloud, job.output)[f"{job.output}failure.json"])["reason"] == job.reason
    assert scheduled(cloud, 11) == "started"


def test_run_with_unsupported_file_scores_other_files(cloud: Cloud) -> None:
    drop(cloud, "nightly/a.csv", DATA)
    drop(cloud, "nightly/b.jsonl", b"[1, 2, 3]\n")
    assert scheduled(cloud, 10, options={"output": "csv"}) == "started"
    run(cloud)
    assert {job.source.name: str(job.state) for job in jobs(cloud)} == {"a.csv": "done", "b.jsonl": "failed"}


def test_run_with_data_files_ignores_images(cloud: Cloud) -> None:
    drop(cloud, "nightly/a.csv", DATA)
    drop(cloud, "nightly/logo.png", b"")
    drop(cloud, "pictures/logo.png", b"")
    assert [scheduled(cloud, 10), scheduled(cloud, 10, schedule="p", input="s3://jobs/pictures/")] == ["started"] * 2
    assert {(job.source.key, job.format) for job in jobs(cloud)} == {
        ("nightly/a.csv", "csv"),
        ("pictures/", "images"),
    }


def test_run_of_many_files_continues_by_messages_and_reads_version_once(cloud: Cloud) -> None:
    for number in range(12):
        drop(cloud, f"nightly/{number:02}.csv", DATA)
    event = {"schema": 1, "run": {**RUN, "time": "2026-11-10T00:00:00Z"}}
    with watched(cloud) as (worker, network):
        steps = [plan.handle(event, worker, deadline=cloud.now() - 1)]
        assert len([each for each in network.seen if each.startswith("GetObject ")]) == 2  # state and manifest
        while continuing := [entry for entry in cloud.sqs.sent if "run" in entry[1]]:
            cloud.sqs.sent.remove(continuing[0])
            steps.append(plan.handle(continuing[0][1], worker, deadline=cloud.now() - 1))
    assert steps == ["continued"] * 11 + ["started"]
    assert scheduled(cloud, 11) == "overlapping"
    run(cloud)
    assert [str(job.state) for job in jobs(cloud)] == ["done"] * 12


def test_run_of_too_many_files_is_failed_job(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "MOST_FILES", 2)
    for name in "abc":
        drop(cloud, f"nightly/{name}.csv", DATA)
    assert scheduled(cloud, 10) == "started"
    (job,) = jobs(cloud)
    assert job.state == "failed"
    assert "s3://jobs/nightly/" in job.reason
    assert "2 data files" in job.reason


def test_largest_run_fits_one_item(cloud: Cloud) -> None:
    names = [f"{number:032x}" for number in range(schedules.MOST_FILES)]
    assert len(json.dumps(names)) < 400_000 - 1000
    largest = LastRun("2026-11-10T00:00:00Z", tuple(names))
    assert Ledger(cloud).runs.begin("nightly", largest)
    assert Ledger(cloud).runs.last("nightly") == largest
