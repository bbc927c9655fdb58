"""A cloud that counts its calls, and injects faults into some of them."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.response import StreamingBody
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from lightship.jobs.cloud import Cloud
from tests.jobs.clouds import TABLE, Clock, Queues, moto_cloud

# Faults of a call. `twice`: the client got no response and repeats the call. `overtaken`: before the call, another
# worker with the same message does all of the work. `delivered at once`: other workers handle the messages that are
# being sent before the sender gets its response.
FAULTS = ("killed before", "killed after", "throttled", "lost", "twice", "reset", "overtaken", "delivered at once")


class Killed(BaseException):
    """The worker is dead: no more of its code runs."""


@dataclass
class Faults:
    """Faults of calls, by their number from 1.

    ``calls`` are the names of the calls made while ``active``. ``other_worker`` handles the same message,
    ``deliver_sent`` handles the messages that were just sent: after every sending, where ``immediate`` is set.
    ``injected`` counts faults.
    """

    planned: Mapping[int, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    other_worker: Callable[[], Any] = str
    deliver_sent: Callable[[], Any] = str
    immediate: bool = False
    injected: int = 0
    active: bool = False

    def call(self, name: str, operation: Callable[[], Any]) -> Any:
        if not self.active:
            return operation()
        self.calls.append(name)
        fault = self.planned.get(len(self.calls), "")
        self.injected += bool(fault)
        if fault == "killed before":
            raise Killed
        if fault == "throttled":
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "Please reduce your request rate"}}, name)
        if fault == "overtaken":
            self.other_worker()
        answer = operation()
        if fault == "killed after":
            raise Killed
        if fault == "lost":
            raise EndpointConnectionError(endpoint_url="https://aws")
        if fault == "twice":
            return operation()
        if fault == "delivered at once" or (self.immediate and name == "SendMessageBatch"):
            self.deliver_sent()
        if fault == "reset" and name == "GetObject":
            answer["Body"] = StreamingBody(_Broken(answer["Body"].read()), None)
        return answer


class _Broken(io.BytesIO):
    """A connection that breaks halfway."""

    def read(self, amount: int | None = -1) -> bytes:
        half = len(self.getbuffer()) // 2
        if self.tell() >= half:
            raise ConnectionResetError("connection reset by peer")
        return super().read(half)


class FaultyQueues(Queues):
    """Queues whose calls are counted too."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        send = super().send_message_batch
        return dict(self._faults.call("SendMessageBatch", lambda: send(QueueUrl=QueueUrl, Entries=Entries)))


@dataclass
class Harness:
    """One moto for many runs; each run has an empty ledger and only the inputs.

    The test reads moto's memory directly: by requests, that would take half of a run's time.
    """

    cloud: Cloud
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
        faults = Faults()
        clients = (self.cloud.s3, self.cloud.dynamodb)
        for client in clients:
            client._make_api_call = _counted(type(client)._make_api_call.__get__(client), faults)
        try:
            yield replace(self.cloud, table=table, sqs=FaultyQueues(faults), now=_clock(skew, rng)), faults
        finally:
            for client in clients:
                del client._make_api_call
            self.cloud.dynamodb.delete_table(TableName=table)


def _objects() -> Any:
    return get_backend("s3")[DEFAULT_ACCOUNT_ID]["global"].buckets["jobs"].keys


def _clock(skew: float, rng: random.Random | None) -> Callable[[], float]:
    exact = Clock()
    return (lambda: exact() + rng.uniform(-skew, skew)) if rng else exact


def _counted(call: Callable[..., Any], faults: Faults) -> Callable[..., Any]:
    return lambda name, arguments: faults.call(name, lambda: call(name, dict(arguments)))


@contextmanager
def open_harness(models: Path) -> Iterator[Harness]:
    """Yield a harness; the bucket is not versioned, so an etag pins the input."""
    with moto_cloud(models, "quickstart", versioned=False) as cloud:
        yield Harness(cloud)
