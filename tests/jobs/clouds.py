"""A cloud for tests: S3 and DynamoDB emulated by moto, queues in a list."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from lightship.bundle import MANIFEST, Bundle
from lightship.jobs.cloud import Cloud
from lightship.jobs.storage import Storage
from lightship.registry.registry import Registry
from lightship.settings import CacheSettings
from tests.jobs.faults.proxy import Proxy, proxy
from tests.moto_server import emulated_aws, endpoint

REGISTRY = "s3://jobs/models"
TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "job", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "job", "AttributeType": "S"},
        {"AttributeName": "item", "AttributeType": "S"},
        {"AttributeName": "owner", "AttributeType": "S"},
        {"AttributeName": "created", "AttributeType": "N"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "owner",
            "KeySchema": [
                {"AttributeName": "owner", "KeyType": "HASH"},
                {"AttributeName": "created", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}


@dataclass
class Queues:
    """Queues that record what is sent: the queue's name and the message.

    A test delivers the messages itself, in any order and as often as it wants.
    """

    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        assert 0 < len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        self.sent += [(QueueUrl, json.loads(entry["MessageBody"])) for entry in Entries]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}


@dataclass
class Clock:
    """A clock that stops unless a test moves it."""

    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@contextmanager
def moto_cloud(models: Path, *names: str, versioned: bool = True) -> Iterator[Cloud]:
    """Yield a cloud with some models of a registry's folder and an empty ledger.

    Within it, clients find the emulated services by the environment.
    """
    with emulated_aws():
        storage, dynamodb = Storage(), boto3.client("dynamodb")
        storage.client.create_bucket(Bucket="jobs")
        if versioned:
            storage.client.put_bucket_versioning(Bucket="jobs", VersioningConfiguration={"Status": "Enabled"})
        push(storage.client, models, *names)
        dynamodb.create_table(TableName="jobs", **TABLE)
        cache = CacheSettings.from_environment()
        yield Cloud("jobs", "jobs", "split", "score", REGISTRY, storage, dynamodb, Queues(), Clock(), cache=cache)
        storage.close()
        dynamodb.close()


@contextmanager
def watched(cloud: Cloud, *, attempts: int = 6) -> Iterator[tuple[Cloud, Proxy]]:
    """Yield the cloud with its S3 behind a proxy, and the proxy."""
    cloud.storage.bucket(cloud.bucket).head("any")  # the given cloud keeps the server's own address
    with proxy(endpoint()) as network, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", network.endpoint)
        storage = Storage(attempts=attempts)
        yield replace(cloud, storage=storage), network
        storage.close()


def push(s3: Any, models: Path, *names: str) -> None:
    for name in names:
        for file in sorted((models / name).rglob("*")):
            if file.is_file() and not file.name.startswith("."):
                key = f"models/{file.relative_to(models).as_posix()}"
                s3.put_object(Bucket="jobs", Key=key, Body=file.read_bytes())


def renamed(cloud: Cloud, model: Path, name: str, folder: Path, **output: Any) -> None:
    """Copy a model to another name, with changes to its first output."""
    registry = Registry(str(folder))
    with registry.staging() as staged:
        shutil.copytree(model / "1", staged, dirs_exist_ok=True)
        manifest = json.loads((staged / MANIFEST).read_bytes())
        manifest["signatures"][0]["outputs"][0] |= output
        (staged / MANIFEST).write_text(json.dumps(manifest))
        registry.publish(name, Bundle.open(staged))
    push(cloud.s3, folder, name)


def drop(cloud: Cloud, key: str, data: bytes) -> dict[str, Any]:
    """Put a file into the bucket; return the event that EventBridge makes of it."""
    put = cloud.s3.put_object(Bucket="jobs", Key=key, Body=data)
    entry = {"key": key, "size": len(data), "etag": put["ETag"].strip('"'), "sequencer": "00"}
    if "VersionId" in put:
        entry["version-id"] = put["VersionId"]
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {"version": "0", "bucket": {"name": "jobs"}, "object": entry, "reason": "PutObject"},
    }


def objects_below(cloud: Cloud, prefix: str) -> dict[str, bytes]:
    """Return the content by key of all objects below a prefix."""
    found = cloud.s3.list_objects_v2(Bucket="jobs", Prefix=prefix).get("Contents", [])
    return {e["Key"]: cloud.s3.get_object(Bucket="jobs", Key=e["Key"])["Body"].read() for e in found}
