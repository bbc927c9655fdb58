"""Worker processes killed by SIGKILL, with queues that deliver messages again."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import boto3

from lightship.aws.stack import StackSettings
from lightship.jobs import cloud as clouds
from lightship.jobs import operations
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.requests import Options, Request
from tests.bundles import Registries
from tests.conftest import ROOT
from tests.http_servers import running
from tests.jobs.clouds import REGISTRY, TABLE, objects_below, push
from tests.jobs.faults.proxy import Proxy, Refusal
from tests.jobs.faults.scenario import DATA, check_rows

KILLS = 12


class Killing(Proxy):
    """A proxy that counts all requests but those for messages."""

    def fault(self, operation: str) -> str | Refusal:
        return "" if operation == "ReceiveMessage" else super().fault(operation)


def work(process: subprocess.Popen[str], network: Killing, number: int) -> int:
    """Let a worker process work, and return its exit code.

    It is killed before or after its k-th request, where k grows from worker to worker. The last one is not killed.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    moment = "killed after" if number % 2 else "killed before"
    network.begin({1 + number // 2: moment}.get if number < KILLS else lambda _: "")
    network.kill = lambda: os.kill(worker, signal.SIGKILL)
    process.stdin.write("\n")
    process.stdin.flush()
    return int(process.stdout.readline())


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

    command = [sys.executable, "-m", "tests.jobs.faults.killed_worker", "killed", *urls, str(KILLS + 1)]
    with running(Killing(s3_endpoint)) as network:
        environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "AWS_ENDPOINT_URL": network.endpoint}
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            timer = threading.Timer(240, process.kill)
            timer.start()
            codes = [work(process, network, number) for number in range(KILLS + 1)]
            timer.cancel()
    assert codes == [-signal.SIGKILL] * KILLS + [0]
    found = Ledger(cloud).jobs.find(job.id)
    assert found is not None
    assert found.state == "done"
    check_rows(objects_below(cloud, job.output))
    for client in (*clients.values(), cloud.storage, cloud.dynamodb, cloud.sqs):
        client.close()
