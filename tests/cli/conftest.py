"""The repository's template made in moto, without functions: messages stay where they are until a test moves them."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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

SCHEDULE = {
    "ScheduleExpression": "cron(0 3 * * ? *)",
    "ScheduleTimezone": "Europe/Zurich",
    "ScheduleModel": "quickstart",
    "ScheduleInput": "batch/quickstart/input/nightly/",
}


@dataclass(frozen=True)
class Yard:
    """A stack at rest: its queues by the name that people say, and the jobs' cloud."""

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
        """The group of the stack's schedules."""
        return f"{self.name}-ScheduleGroup"

    def run(self, *words: str) -> Result:
        """What the command line says."""
        return CliRunner(mix_stderr=False).invoke(lightship, words)

    def json(self, *words: str) -> Any:
        """What it says to machines."""
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def receive(self, queue: Queue, *, most: int = 10) -> list[dict[str, Any]]:
        """Take messages without hiding them from anybody."""
        answer = self.sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=0,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def bury(self, name: str) -> None:
        """Receive what is in a queue as often as it takes until all of it is dead."""
        asked = {"QueueUrl": self.queues[name].url, "AttributeNames": ["ApproximateNumberOfMessages"]}
        for _ in range(200):
            if self.sqs.get_queue_attributes(**asked)["Attributes"]["ApproximateNumberOfMessages"] == "0":
                return
            self.receive(self.queues[name])
        raise AssertionError(f"{name} is still not empty")

    def bodies(self, queue: Queue) -> list[str]:
        """What is in a queue, visible to all."""
        return [message["Body"] for message in self.receive(queue)]

    def slow(self, seconds: float) -> Cloud:
        """The jobs' cloud as a worker has it whose clock is late."""
        return replace(self.cloud, now=lambda: time.time() - seconds)


@pytest.fixture
def yard(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, registries: Registries, tmp_path: Any) -> Iterator[Yard]:
    """A stack of this test's own, its variables in the environment as ``.lightship.env`` would set them."""
    settings = {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LIGHTSHIP_CACHE": str(tmp_path / "cache"),
    }
    name = f"yard-{uuid.uuid4().hex[:8]}"
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
    yield Yard(name, sqs, s3, scheduler, named, dead, wiring.buckets["Bucket"].name, cloud)
    for client in (sqs, s3, dynamodb, scheduler, cloud.s3, cloud.sqs, cloud.dynamodb):
        client.close()


@pytest.fixture
def deaden(yard: Yard) -> Callable[..., None]:
    """Send messages to a queue, and let them die there; moto mixes up the order in which a FIFO queue's do."""

    def deaden(name: str, *bodies: str, **more: Any) -> None:
        for number, body in enumerate(bodies):
            fifo = {"MessageGroupId": "g", "MessageDeduplicationId": f"d{number}"} if name.endswith("fifo") else {}
            place = yard.dead[name] if fifo else yard.queues[name]
            yard.sqs.send_message(QueueUrl=place.url, MessageBody=body, **fifo, **more)
        yard.bury(name)

    return deaden
