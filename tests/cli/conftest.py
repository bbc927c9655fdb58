"""Stack of the repository's template in moto, without functions.

Messages stay in their queues until a test receives them.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import Event, Thread
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from lightship.aws.stack import StackSettings
from lightship.cli import lightship
from lightship.jobs.cloud import Cloud, connect
from lightship.local import cloud as local
from lightship.local.mirror import mirror
from lightship.local.template.parts import Queue
from lightship.local.template.wiring import read
from lightship.registry.registry import Registry
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.jobs.workers import handle

SCHEDULE = {
    "ScheduleExpression": "cron(0 3 * * ? *)",
    "ScheduleTimezone": "Europe/Zurich",
    "ScheduleModel": "quickstart",
    "ScheduleInput": "batch/quickstart/input/nightly/",
}


@dataclass(frozen=True)
class EmulatedStack:
    """Emulated stack without workers: its queues by short name, and the jobs' cloud."""

    name: str
    sqs: Any
    s3: Any
    scheduler: Any
    queues: dict[str, Queue]
    dead: dict[str, Queue]
    bucket: str
    cloud: Cloud

    schedule = "default"

    @property
    def group(self) -> str:
        """Return the group of the stack's schedules."""
        return f"{self.name}-ScheduleGroup"

    def run(self, *words: str) -> Result:
        """Run a command and return its result."""
        return CliRunner(mix_stderr=False).invoke(lightship, words)

    def json(self, *words: str) -> Any:
        """Return the output of a command with --json."""
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def receive(self, queue: Queue, *, most: int = 10) -> list[dict[str, Any]]:
        """Receive messages that stay visible."""
        answer = self.sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=0,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def exhaust_receives(self, name: str) -> None:
        """Receive a queue's messages until all have moved to the dead-letter queue."""
        query = {"QueueUrl": self.queues[name].url, "AttributeNames": ["ApproximateNumberOfMessages"]}
        for _ in range(200):
            if self.sqs.get_queue_attributes(**query)["Attributes"]["ApproximateNumberOfMessages"] == "0":
                return
            self.receive(self.queues[name])
        raise AssertionError(f"{name} is still not empty")

    def bodies(self, queue: Queue) -> list[str]:
        """Return the bodies of a queue's visible messages."""
        return [message["Body"] for message in self.receive(queue)]

    def slow(self, seconds: float) -> Cloud:
        """Return the jobs' cloud of a worker whose clock is slow."""
        return replace(self.cloud, now=lambda: time.time() - seconds)


@pytest.fixture
def stack(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, registries: Registries, tmp_path: Any
) -> Iterator[EmulatedStack]:
    """Create a stack, with its variables in the environment as in ``.lightship.env``."""
    settings = {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LIGHTSHIP_CACHE": str(tmp_path / "cache"),
    }
    name = f"stack-{uuid.uuid4().hex[:8]}"
    overrides = {"Registry": "bucket", **SCHEDULE}
    wiring = read(ROOT / "template.yaml", endpoint=s3_endpoint, overrides=overrides, stack=name)
    for variable in [each for each in os.environ if each.startswith("LIGHTSHIP_")]:
        monkeypatch.delenv(variable)
    for variable, value in {**settings, **wiring.environment}.items():
        monkeypatch.setenv(variable, value)
    sqs, s3, dynamodb, scheduler = (boto3.client(each) for each in ("sqs", "s3", "dynamodb", "scheduler"))
    local.make_queues(sqs, list(wiring.queues.values()))
    local.make_bucket(s3, wiring.buckets["Bucket"])
    local.make_table(dynamodb, wiring.tables["JobsTable"])
    local.make_schedules(scheduler, wiring.schedule_groups, list(wiring.schedules.values()))
    mirror(Registry(str(registries.examples)), s3, wiring.environment["LIGHTSHIP_REGISTRY"])
    urls = {found.url: found for found in wiring.queues.values()}
    named = {each: urls[url] for each, url in StackSettings.from_environment(os.environ).queues.items()}
    arns = {found.arn: found for found in wiring.queues.values()}
    dead = {each: arns[found.redrive["deadLetterTargetArn"]] for each, found in named.items() if found.redrive}
    cloud = connect(StackSettings.from_environment(os.environ))
    yield EmulatedStack(name, sqs, s3, scheduler, named, dead, wiring.buckets["Bucket"].name, cloud)
    for client in (sqs, s3, dynamodb, scheduler, cloud.storage, cloud.sqs, cloud.dynamodb):
        client.close()


@pytest.fixture
def running_stack(stack: EmulatedStack) -> Iterator[EmulatedStack]:
    """Return a stack with a worker thread that processes its queues."""
    stop = Event()
    cloud = connect(StackSettings.from_environment(os.environ))

    def work() -> None:
        while not stop.is_set():
            for name in ("split", "score"):
                url = stack.queues[name].url
                answer = cloud.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
                for message in answer.get("Messages", []):
                    handle(name, json.loads(message["Body"]), cloud)
                    cloud.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            stop.wait(0.05)

    thread = Thread(target=work)
    thread.start()
    yield stack
    stop.set()
    thread.join()
    for client in (cloud.storage, cloud.sqs, cloud.dynamodb):
        client.close()


@pytest.fixture
def send_to_dlq(stack: EmulatedStack) -> Callable[..., None]:
    """Return a function that sends messages and makes them dead letters.

    Messages of FIFO queues are sent to the dead-letter queue directly: moto would change their order.
    """

    def send_to_dlq(name: str, *bodies: str, **more: Any) -> None:
        for number, body in enumerate(bodies):
            fifo = {"MessageGroupId": "g", "MessageDeduplicationId": f"d{number}"} if name.endswith("fifo") else {}
            queue = stack.dead[name] if fifo else stack.queues[name]
            stack.sqs.send_message(QueueUrl=queue.url, MessageBody=body, **fifo, **more)
        stack.exhaust_receives(name)

    return send_to_dlq
