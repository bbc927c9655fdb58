"""Fixtures for queue-triggered functions: clients, bucket, broker, logger."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from tests.handlers.brokers import Broker
from tests.handlers.workers import LocalLambda, invocations


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    """Restore the library's logger, which the first batch makes a structured one."""
    logger = logging.getLogger("lightship")
    before = dict(vars(logger))
    handlers = list(logger.handlers)
    yield
    vars(logger).clear()
    vars(logger).update(before)
    logger.handlers = handlers


@pytest.fixture(scope="session")
def local_lambda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLambda]:
    """Serve the functions of tests/handlers/workers.py."""
    with invocations(tmp_path_factory.mktemp("workers")) as served:
        yield served


@dataclass(frozen=True)
class Cloud:
    """A versioned bucket and clients of moto.

    ``event_queue`` is the URL of a queue that receives all events of the library.
    """

    bucket: str
    s3: Any
    sqs: Any
    events: Any
    event_queue: str

    def receive_events(self) -> list[dict[str, Any]]:
        """Return the events received since the last call, oldest first."""
        found = self.sqs.receive_message(QueueUrl=self.event_queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            self.sqs.delete_message(QueueUrl=self.event_queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]


@pytest.fixture
def cloud(bucket: str) -> Iterator[Cloud]:
    clients = [boto3.client(name) for name in ("s3", "sqs", "events")]
    s3, sqs, events = clients
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    event_queue = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=event_queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=bucket, EventPattern='{"source": ["lightship"]}')
    events.put_targets(Rule=bucket, Targets=[{"Id": "queue", "Arn": arn}])
    yield Cloud(bucket, s3, sqs, events, event_queue)
    events.remove_targets(Rule=bucket, Ids=["queue"])
    events.delete_rule(Name=bucket)
    for client in clients:
        client.close()


@pytest.fixture
def broker(cloud: Cloud, s3_registry: str, local_lambda: LocalLambda) -> Iterator[Broker]:
    made = Broker(cloud, s3_registry, local_lambda)
    yield made
    made.close()
