"""A cloud whose calls are counted, and one of them, or some, go wrong."""

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

# What can become of a call. `twice` is what a client does that got no answer: it asks again, and nobody hears of it.
# `overtaken` is another worker with the same message, who comes in between and does all of it. `delivered at once` is
# other workers who are done with what is being sent before its sender hears that it was.
FAULTS = ("killed before", "killed after", "throttled", "lost", "twice", "reset", "overtaken", "delivered at once")


class Killed(BaseException):
    """The worker is dead: nothing of it runs any more."""


@dataclass
class Faults:
    """Which calls (counted from 1) go wrong, and how. ``calls`` is what was called while ``at_work``;
    ``other`` is the other worker, ``others`` are those who take what was just sent: always, where they are ``quick``.
    """

    planned: Mapping[int, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    other: Callable[[], Any] = str
    others: Callable[[], Any] = str
    quick: bool = False
    felt: int = 0
    at_work: bool = False

    def call(self, name: str, operation: Callable[[], Any]) -> Any:
        if not self.at_work:
            return operation()
        self.calls.append(name)
        fault = self.planned.get(len(self.calls), "")
        self.felt += bool(fault)
        if fault == "killed before":
            raise Killed
        if fault == "throttled":
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "Please reduce your request rate"}}, name)
        if fault == "overtaken":
            self.other()
        answer = operation()
        if fault == "killed after":
            raise Killed
        if fault == "lost":
            raise EndpointConnectionError(endpoint_url="https://aws")
        if fault == "twice":
            return operation()
        if fault == "delivered at once" or (self.quick and name == "SendMessageBatch"):
            self.others()
        if fault == "reset" and name == "GetObject":
            answer["Body"] = StreamingBody(_Broken(answer["Body"].read()), None)
        return answer


class _Broken(io.BytesIO):
    """A connection that breaks off halfway."""

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
class Stage:
    """One moto for many runs: every run finds an empty ledger and nothing but the inputs in the bucket.

    What the test itself looks at, it takes out of moto's memory: by requests that would be half of a run's time.
    """

    cloud: Cloud
    numbers: Iterator[int] = field(default_factory=count)

    def clear(self) -> None:
        for key in [key for key in _objects() if not key.startswith(("models/", "uploads/"))]:
            del _objects()[key]

    def output(self) -> dict[str, bytes]:
        """Content by key of what readers may find at this moment."""
        return {key: entry.value for key, entry in _objects().items() if key.startswith("batch/")}

    @contextmanager
    def run(self, skew: float = 0.0, chance: random.Random | None = None) -> Iterator[tuple[Cloud, Faults]]:
        """A cloud and what is to go wrong in it. Clocks are up to ``skew`` seconds wrong, another time at each look."""
        self.clear()
        table = f"jobs-{next(self.numbers)}"
        self.cloud.dynamodb.create_table(TableName=table, **TABLE)
        faults = Faults()
        clients = (self.cloud.s3, self.cloud.dynamodb)
        for client in clients:
            client._make_api_call = _counted(type(client)._make_api_call.__get__(client), faults)
        try:
            yield replace(self.cloud, table=table, sqs=FaultyQueues(faults), now=_clock(skew, chance)), faults
        finally:
            for client in clients:
                del client._make_api_call
            self.cloud.dynamodb.delete_table(TableName=table)


def _objects() -> Any:
    return get_backend("s3")[DEFAULT_ACCOUNT_ID]["global"].buckets["jobs"].keys


def _clock(skew: float, chance: random.Random | None) -> Callable[[], float]:
    right = Clock()
    return (lambda: right() + chance.uniform(-skew, skew)) if chance else right


def _counted(call: Callable[..., Any], faults: Faults) -> Callable[..., Any]:
    return lambda name, arguments: faults.call(name, lambda: call(name, dict(arguments)))


@contextmanager
def stage(models: Path) -> Iterator[Stage]:
    """The bucket is not versioned: an etag pins the input."""
    with moto_cloud(models, "quickstart", versioned=False) as cloud:
        yield Stage(cloud)
