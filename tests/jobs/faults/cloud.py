"""A cloud behind a proxy that counts its requests, and injects faults."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from lightship.jobs.cloud import Cloud
from lightship.jobs.storage import Storage
from lightship.settings import CacheSettings
from tests.http_servers import running
from tests.jobs.clouds import TABLE, Clock, Queues, moto_cloud
from tests.jobs.faults import proxy
from tests.jobs.faults.proxy import Proxy, Refusal
from tests.moto_server import endpoint

# Faults of a request. `delivered at once`: other workers handle the messages that are being sent before the sender gets
# its response. For the others see the proxy.
FAULTS = (*proxy.FAULTS, "killed before", "killed after", "twice", "overtaken", "delivered at once")

# A request that fails is not repeated: its fault would have no effect.
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


class Faults(Proxy):
    """Faults of requests, by their number from 1.

    ``calls`` are the operations requested while ``active``. ``deliver_sent`` handles the messages that were just sent:
    after every sending, where ``immediate`` is set.
    """

    def __init__(self) -> None:
        super().__init__(endpoint())
        self.planned: Mapping[int, str] = {}
        self.calls: list[str] = []
        self.deliver_sent: Callable[[], Any] = str
        self.immediate = False
        self.active = False

    def fault(self, operation: str) -> str | Refusal:
        with self.lock:
            if not self.active:
                return ""
            self.calls.append(operation)
            fault = self.planned.get(len(self.calls), "")
            self.injected += [operation] if fault else []
            return fault


class Lost(Exception):
    """SQS did not answer."""


class FaultyQueues(Queues):
    """Queues in memory whose calls are counted too."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        if self._faults.dead:
            raise Lost
        fault = self._faults.fault("SendMessageBatch")
        if fault == "killed before":
            self._faults.die()
        if fault in {"killed before", "throttled", "reset"}:
            raise Lost
        if fault == "overtaken":
            self._faults.overtake()
        answer: dict[str, Any] = {}
        for _ in range(1 + (fault == "twice")):
            answer = super().send_message_batch(QueueUrl=QueueUrl, Entries=Entries)
        if fault == "killed after":
            self._faults.die()
        if fault in {"killed after", "lost", "truncated"}:
            raise Lost
        if fault == "delivered at once" or (self._faults.active and self._faults.immediate):
            self._faults.deliver_sent()
        return answer


@dataclass
class Harness:
    """One moto for many runs; each run has an empty ledger and only the inputs.

    The test reads moto's memory directly: by requests, that would take half of a run's time.
    """

    cloud: Cloud
    faults: Faults
    numbers: Iterator[int] = field(default_factory=count)

    def clear(self) -> None:
        for key in [key for key in _objects() if not key.startswith(("models/", "uploads/"))]:
            del _objects()[key]

    def output(self) -> dict[str, bytes]:
        """Return the content by key of the objects that readers find now."""
        return {key: entry.value for key, entry in _objects().items() if key.startswith("batch/")}

    @contextmanager
    def run(self, skew: float = 0.0, rng: random.Random | None = None) -> Iterator[tuple[Cloud, Faults]]:
        """Yield a cloud and its faults; each look at the clock is off by up to ``skew`` s."""
        self.clear()
        table = f"jobs-{next(self.numbers)}"
        self.cloud.dynamodb.create_table(TableName=table, **TABLE)
        self.faults.begin(lambda number: "")
        self.faults.planned, self.faults.calls, self.faults.immediate = {}, [], False
        try:
            yield replace(self.cloud, table=table, sqs=FaultyQueues(self.faults), now=_clock(skew, rng)), self.faults
        finally:
            self.faults.begin(lambda number: "")
            self.cloud.dynamodb.delete_table(TableName=table)


def _objects() -> Any:
    return get_backend("s3")[DEFAULT_ACCOUNT_ID]["global"].buckets["jobs"].keys


def _clock(skew: float, rng: random.Random | None) -> Callable[[], float]:
    exact = Clock()
    return (lambda: exact() + rng.uniform(-skew, skew)) if rng else exact


@contextmanager
def open_harness(models: Path) -> Iterator[Harness]:
    """Yield a harness; the bucket is not versioned, so an etag pins the input."""
    with ExitStack() as ending:
        cloud = ending.enter_context(moto_cloud(models, "quickstart", "digits", versioned=False))
        faults = ending.enter_context(running(Faults()))
        patch = ending.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("AWS_ENDPOINT_URL", faults.endpoint)
        storage, dynamodb = Storage(attempts=1), boto3.client("dynamodb", config=ONCE)
        storage.client = boto3.client("s3", config=ONCE)
        ending.callback(dynamodb.close)
        ending.callback(storage.close)
        cache = CacheSettings(folder=Path(ending.enter_context(TemporaryDirectory())))
        yield Harness(replace(cloud, storage=storage, dynamodb=dynamodb, cache=cache), faults)
