"""Objects whose creation starts a job."""

from __future__ import annotations

from typing import Any

import pytest

from lightship.errors import InvalidInput
from lightship.jobs import redriven
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger import items
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.requests import SYSTEM
from lightship.jobs.split import plan
from tests.jobs.clouds import drop, watched


@pytest.mark.parametrize("detail", [None, {}, {"object": {"key": "batch/quickstart/input/rows.csv"}}, {"object": []}])
def test_object_created_event_with_missing_field_is_invalid_input(cloud: Cloud, detail: Any) -> None:
    event = drop(cloud, "batch/quickstart/input/rows.csv", b"1,2,3\n") | {"detail": detail}
    with pytest.raises(InvalidInput):
        plan.handle(event, cloud)
    redriven.revive(event, cloud)
    assert Ledger(cloud).jobs.owned(SYSTEM, 10) == []


@pytest.mark.parametrize(
    ("key", "jobs"),
    [
        ("batch/quickstart/input/rows.csv", 1),
        ("batch/quickstart/input/ä + ü&=%.csv", 1),
        ("batch/quickstart/input/nightly/rows.csv", 0),
        ("batch/quickstart/input/", 0),
        ("batch/quickstart/output/rows.csv", 0),
        ("uploads/rows.csv", 0),
    ],
)
def test_object_created_directly_below_input_starts_job(cloud: Cloud, key: str, jobs: int) -> None:
    results = plan.handle(drop(cloud, key, b"1,2,3\n"), cloud)
    assert (results != "ignored") == bool(jobs)
    assert len(Ledger(cloud).jobs.owned(SYSTEM, 10)) == jobs


def test_uploaded_file_reads_state_once_and_manifest_twice(cloud: Cloud) -> None:
    event = drop(cloud, "batch/quickstart/input/rows.csv", b"1,2,3\n")
    with watched(cloud) as (worker, network):
        assert plan.handle(event, worker) == "split"
    registered = [each.rpartition("/")[2] for each in network.seen if "/models/" in each]
    assert registered == ["state.json", "manifest.json", "manifest.json"]


def test_uploaded_file_with_pin_of_earlier_version_keeps_pinned_version(cloud: Cloud) -> None:
    event = drop(cloud, "batch/quickstart/input/rows.csv", b"1,2,3\n")
    key = {"job": f"pin#{event['id']}/quickstart", "item": "pin"}
    earlier = {**key, "facts": {"version": 1}, "expires": int(cloud.now()) + 60}
    cloud.dynamodb.put_item(TableName=cloud.table, Item=items.to_item(earlier))
    assert plan.handle(event, cloud) == "split"
    (job,) = Ledger(cloud).jobs.owned(SYSTEM, 10)
    assert (job.version, len(job.digest)) == (1, 64)
