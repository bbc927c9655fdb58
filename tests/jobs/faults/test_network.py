"""Jobs over a faulty network: clients with adaptive retries behind a proxy."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest

from lightship.aws.stack import StackSettings
from lightship.jobs import cloud as clouds
from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.requests import Options, Request
from lightship.jobs.score import score
from lightship.jobs.split import plan
from lightship.jobs.storage import Storage
from lightship.settings import CacheSettings
from tests.bundles import Registries
from tests.jobs.clouds import REGISTRY, TABLE, objects_below, push
from tests.jobs.faults.proxy import FAULTS, Proxy, proxy
from tests.jobs.faults.scenario import DATA, check_rows
from tests.moto_server import CREDENTIALS

KEY = "uploads/ann/1/p.csv.gz"
SEED = int(os.environ.get("LIGHTSHIP_FAULT_SEED", "20261124"))


@dataclass(frozen=True)
class Outcome:
    """A run's output, and the number of messages whose function failed."""

    files: dict[str, bytes]
    failures: int


@dataclass
class Network:
    """The proxy of the clients under test, and direct clients for the test itself."""

    proxy: Proxy
    direct: dict[str, Any]
    urls: list[str]
    runs: int = 0

    @cached_property
    def expected(self) -> dict[str, bytes]:
        """Return the output of a run without faults."""
        found = self.run(lambda number: "")
        assert found.failures == 0
        check_rows(found.files)
        return found.files

    def run(self, disturbed: Callable[[int], str]) -> Outcome:
        """Score the file with faults, from an empty ledger, output and cache."""
        self.runs += 1
        table = f"network-{self.runs}"
        self.direct["dynamodb"].create_table(TableName=table, **TABLE)
        for prefix in ("batch/", "scratch/"):
            for key in objects_below(self._cloud(table), prefix):
                self.direct["s3"].delete_object(Bucket="jobs", Key=key)
        score.load.cache_clear()
        with ExitStack() as ending:
            cloud = clouds.connect(
                StackSettings("jobs", REGISTRY, table, *self.urls), cache=CacheSettings.from_environment()
            )
            for client in (cloud.storage, cloud.dynamodb, cloud.sqs):
                ending.callback(client.close)
            options = Options(chunk=90, single=True)
            job = operations.start(cloud, Request(owner="ann", model="quickstart", key=KEY, options=options))
            self.proxy.begin(disturbed)
            failures = self._work(cloud)
            self.proxy.plan = lambda number: ""
            assert operations.status(cloud, owner="ann", job=job.id).state == "done"
        return Outcome(objects_below(self._cloud(table), "batch/"), failures)

    def _cloud(self, table: str) -> Cloud:
        storage = Storage()
        storage.client = self.direct["s3"]
        return Cloud("jobs", table, *self.urls, "", storage, self.direct["dynamodb"], self.direct["sqs"])

    def _work(self, cloud: Cloud) -> int:
        """Deliver messages as Lambda does until the queues are empty; count failures."""
        failures = 0
        sqs = self.direct["sqs"]
        handlers = {cloud.split_queue: plan.handle, cloud.score_queue: score.handle}
        while found := [(url, m) for url in handlers for m in sqs.receive_message(QueueUrl=url).get("Messages", [])]:
            for url, message in found:
                failures += 1
                with suppress(Exception):
                    handlers[url](json.loads(message["Body"]), cloud)
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    failures -= 1
        return failures


@pytest.fixture(scope="module")
def network(registries: Registries, s3_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with proxy(s3_endpoint) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        direct = {name: boto3.client(name, endpoint_url=s3_endpoint) for name in ("s3", "dynamodb", "sqs")}
        direct["s3"].create_bucket(Bucket="jobs")
        push(direct["s3"], registries.examples, "quickstart")
        direct["s3"].put_object(Bucket="jobs", Key=KEY, Body=gzip.compress(DATA, mtime=0))
        names = ("network-split", "network-score")
        at_once = {"VisibilityTimeout": "0"}
        urls = [direct["sqs"].create_queue(QueueName=name, Attributes=at_once)["QueueUrl"] for name in names]
        yield Network(server, direct, urls)
        for client in direct.values():
            client.close()


@pytest.fixture(autouse=True)
def _through_the_proxy(network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", network.proxy.endpoint)
    monkeypatch.setenv("LIGHTSHIP_CACHE", str(tmp_path))


@pytest.mark.parametrize(
    ("fault", "first", "every"), [("throttled", 9, 14), ("reset", 1, 6), ("lost", 3, 6), ("truncated", 1, 6)]
)
def test_request_failing_is_retried(network: Network, fault: str, first: int, every: int) -> None:
    """Few requests are throttled, because each one slows down all later requests."""
    expected = network.expected
    found = network.run(lambda number: fault if number % every == first else "")
    assert {operation.endswith("Item") for operation in network.proxy.injected} == {True, False}
    assert found.failures == 0
    assert found.files == expected


def test_requests_failing_at_random_lose_and_double_nothing(
    network: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = network.expected
    rng = random.Random(SEED)
    found = network.run(lambda number: rng.choice(FAULTS) if rng.random() < 0.15 else "")
    with capsys.disabled():
        print(f"\n{len(network.proxy.injected)} of {network.proxy.requests} requests failed at random, seed {SEED}")
    assert network.proxy.injected
    assert found.files == expected
