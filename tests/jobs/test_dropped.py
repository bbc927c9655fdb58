"""Which objects start a job by being there."""

from __future__ import annotations

from typing import Any

import pytest

from lightship.errors import InvalidInput
from lightship.jobs import redriven
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import SYSTEM
from lightship.jobs.split import plan
from tests.jobs.clouds import drop


@pytest.mark.parametrize("detail", [None, {}, {"object": {"key": "batch/quickstart/input/rows.csv"}}, {"object": []}])
def test_half_an_event_is_told_what_it_lacks(cloud: Cloud, detail: Any) -> None:
    event = drop(cloud, "batch/quickstart/input/rows.csv", b"1,2,3\n") | {"detail": detail}
    with pytest.raises(InvalidInput):
        plan.handle(event, cloud)
    redriven.revive(event, cloud)
    assert Ledger(cloud).owned(SYSTEM, 10) == []


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
def test_files_right_below_input_start_a_job(cloud: Cloud, key: str, jobs: int) -> None:
    said = plan.handle(drop(cloud, key, b"1,2,3\n"), cloud)
    assert (said != "ignored") == bool(jobs)
    assert len(Ledger(cloud).owned(SYSTEM, 10)) == jobs
