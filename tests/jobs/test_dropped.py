"""Which objects start a job by being there."""

from __future__ import annotations

import pytest

from lightship.jobs import plan
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger import Ledger
from lightship.jobs.records import SYSTEM
from tests.jobs.clouds import drop


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
