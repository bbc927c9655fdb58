"""Worker processes killed by SIGKILL, with queues that deliver messages again."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import boto3

from lightship.aws.stack import StackSettings
from lightship.jobs import cloud as clouds
from lightship.jobs import operations
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.requests import Options, Request
from tests.bundles import Registries
from tests.conftest import ROOT
from tests.jobs.clouds import REGISTRY, TABLE, objects_below, push
from tests.jobs.faults.scenario import DATA, check_rows

KILLS = 12


def test_workers_killed_in_turn_finish_job(
    registries: Registries, s3_endpoint: str, s3_environment: dict[str, str], tmp_path: Path, monkeypatch: object
) -> None:
    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)  # type: ignore[attr-defined]
    clients = {name: boto3.client(name) for name in ("s3", "dynamodb", "sqs")}
    clients["s3"].create_bucket(Bucket="jobs")
    push(clients["s3"], registries.examples, "quickstart")
    clients["dynamodb"].create_table(TableName="killed", **TABLE)
    at_once = {"VisibilityTimeout": "0"}
    urls = [clients["sqs"].create_queue(QueueName=name, Attributes=at_once)["QueueUrl"] for name in ("split", "score")]
    cloud = clouds.connect(StackSettings("jobs", REGISTRY, "killed", *urls))
    key = "uploads/ann/1/p.csv.gz"
    cloud.s3.put_object(Bucket="jobs", Key=key, Body=gzip.compress(DATA))
    job = operations.start(
        cloud, Request(owner="ann", model="quickstart", key=key, options=Options(chunk=50, single=True))
    )

    command = [sys.executable, "-m", "tests.jobs.faults.killed_worker", "killed", *urls, str(KILLS)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=240
    ).stdout.split()
    assert done.count("-9") >= 10
    assert done[-1] == "0"
    found = Ledger(cloud).jobs.find(job.id)
    assert found is not None
    assert found.state == "done"
    check_rows(objects_below(cloud, job.output))
    for client in (*clients.values(), cloud.s3, cloud.dynamodb, cloud.sqs):
        client.close()
