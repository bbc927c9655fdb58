"""Split and score functions under the emulator."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import httpx
import pytest

from lightship.jobs import cloud as clouds
from lightship.registry.registry import Registry
from tests.bundles import Registries, republish
from tests.emulator import ROOT, Emulator
from tests.handlers.conftest import Cloud
from tests.handlers.records import failures, load, object_created, with_bodies
from tests.template.evaluated import SOURCE

ROWS = b"mean radius,mean texture,mean concavity\n17.99,10.38,0.3001\n13.54,14.36,0.06664\n"
KEY = "batch/quickstart/input/rows.csv"
TABLE = {
    name: SOURCE["Resources"]["JobsTable"]["Properties"][name]
    for name in ("BillingMode", "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
}


class Functions:
    """Both functions, and the queues between them."""

    def __init__(self, cloud: Cloud, split: Emulator, score: Emulator, environment: dict[str, str]) -> None:
        self.cloud, self.split, self.score, self.environment = cloud, split, score, environment

    def drop(self, key: str, body: bytes) -> dict[str, Any]:
        answer = self.cloud.s3.put_object(Bucket=self.cloud.bucket, Key=key, Body=body)
        return object_created("split", self.cloud.bucket, key, answer, len(body))

    def queued(self, name: str) -> dict[str, Any]:
        """Return the messages of a function's queue as an event."""
        url = self.environment[f"LIGHTSHIP_{name.upper()}_QUEUE"]
        found = self.cloud.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return with_bodies(name, *[message["Body"] for message in found])

    def output(self, model: str = "quickstart") -> dict[str, bytes]:
        """Return the files below the output of the model's only job, by relative key."""
        found = self.cloud.s3.list_objects_v2(Bucket=self.cloud.bucket, Prefix=f"batch/{model}/output/")
        keys = [entry["Key"] for entry in found.get("Contents", [])]
        read = {key: self.cloud.s3.get_object(Bucket=self.cloud.bucket, Key=key)["Body"].read() for key in keys}
        return {key.split("/", 4)[4]: data for key, data in read.items()}


@pytest.fixture
def functions(
    cloud: Cloud, registries: Registries, s3_registry: str, s3_environment: dict[str, str]
) -> Iterator[Functions]:
    republish(Registry(s3_registry), registries.examples / "quickstart" / "1", "quickstart")
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(TableName=cloud.bucket, **TABLE)
    dynamodb.close()
    names = {kind: f"{kind}-{cloud.bucket[-60:]}" for kind in ("split", "score")}
    queues = {kind: cloud.sqs.create_queue(QueueName=name)["QueueUrl"] for kind, name in names.items()}
    environment = s3_environment | {
        "LIGHTSHIP_BUCKET": cloud.bucket,
        "LIGHTSHIP_REGISTRY": s3_registry,
        "LIGHTSHIP_JOBS_TABLE": cloud.bucket,
        "LIGHTSHIP_SPLIT_QUEUE": queues["split"],
        "LIGHTSHIP_SCORE_QUEUE": queues["score"],
    }
    with ExitStack() as stack:
        split, score = (
            stack.enter_context(Emulator(f"lightship.handlers.{name}.handler", environment=environment, patience=180))
            for name in ("split", "score")
        )
        yield Functions(cloud, split, score, environment)


def test_functions_redelivered_file_event_is_scored_once(functions: Functions) -> None:
    event = functions.drop(KEY, ROWS)
    for _ in range(2):  # delivered twice
        assert functions.split.invoke(event) == {"batchItemFailures": []}
    chunks = functions.queued("score")
    assert {json.loads(record["body"])["chunk"]["index"] for record in chunks["Records"]} == {0}
    assert functions.score.invoke(chunks) == {"batchItemFailures": []}
    output = functions.output()
    assert set(output) == {"part-00000.csv", "receipt.json"}
    rows = list(csv.DictReader(io.StringIO(output["part-00000.csv"].decode())))
    assert [row["mean radius"] for row in rows] == ["17.99", "13.54"]
    assert float(rows[0]["probability_malignant"]) > float(rows[1]["probability_malignant"])
    correlation = json.loads(event["Records"][0]["body"])["id"]
    assert {json.loads(record["body"])["correlation"] for record in chunks["Records"]} == {correlation}


def test_score_tensorflow_model_writes_outputs(functions: Functions, registries: Registries, s3_registry: str) -> None:
    republish(Registry(s3_registry), registries.small / "words" / "1", "words")
    event = functions.drop("batch/words/input/words.csv", b"word\nahoy\nsail\n")
    assert functions.split.invoke(event) == {"batchItemFailures": []}
    assert functions.score.invoke(functions.queued("score")) == {"batchItemFailures": []}
    output = functions.output("words")
    assert json.loads(output["receipt.json"])["rows"]["scored"] == 2
    rows = list(csv.DictReader(io.StringIO(output["part-00000.csv"].decode())))
    assert [row["predicted_upper"] for row in rows] == ["AHOY", "SAIL"]


def test_functions_job_of_api_is_split_and_scored(functions: Functions) -> None:
    def ask(method: str, path: str, body: Any = None) -> Any:
        event = json.loads((ROOT / "events" / "predict.json").read_text())
        event["requestContext"]["http"] |= {"method": method, "path": path}
        answer = predict.invoke(event | {"rawPath": path, "body": None if body is None else json.dumps(body)})
        assert answer["statusCode"] in {200, 202}, answer
        assert answer["headers"]["x-correlation-id"] == "lightship-predict"
        return json.loads(answer["body"])

    with Emulator(environment=functions.environment) as predict:
        upload = ask("POST", "/jobs", {"upload": {"name": "rows.csv"}})
        assert upload["key"].startswith("uploads/arn%3Aaws%3Aiam%3A%3A123456789012%3Auser%2Fexample/")
        assert httpx.put(upload["url"], content=ROWS).status_code == 200
        job = ask("POST", "/jobs", {"model": "quickstart", "key": upload["key"]})["id"]
        for name, function in (("split", functions.split), ("score", functions.score)):
            assert function.invoke(functions.queued(name)) == {"batchItemFailures": []}
        status = ask("GET", f"/jobs/{job}")
    assert (status["state"], status["rows"]["done"]) == ("done", 2)
    receipt = json.loads(functions.output()["receipt.json"])
    assert (receipt["job"], receipt["correlation"]) == (job, "lightship-predict")


def test_split_empty_file_writes_failure(functions: Functions) -> None:
    assert functions.split.invoke(functions.drop(KEY, b"")) == {"batchItemFailures": []}
    assert functions.queued("score")["Records"] == []
    assert "rows.csv" in functions.output()["failure.json"].decode()


def test_functions_example_events_of_missing_objects_succeed(functions: Functions) -> None:
    """Succeed for a missing job, folder and object, because a retry could not help."""
    assert functions.score.invoke(load("score", functions.cloud.bucket)) == {"batchItemFailures": []}
    assert functions.split.invoke(load("split-run", functions.cloud.bucket)) == {"batchItemFailures": []}
    assert functions.split.invoke(load("split", functions.cloud.bucket)) == {"batchItemFailures": []}
    assert set(functions.output()) == {"failure.json"}


def test_functions_invalid_messages_are_returned_to_queue(functions: Functions) -> None:
    for function, name in ((functions.split, "split"), (functions.score, "score")):
        event = with_bodies(name, "no JSON", {"schema": 1, "request": {}}, {"schema": 9, "split": {}, "chunk": {}})
        assert failures(function.invoke(event)) == ["message-1", "message-2", "message-3"]


def test_jobs_cloud_requires_all_variables(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in functions.environment.items():
        monkeypatch.setenv(name, value)
    cloud = clouds.from_environment(os.environ)
    assert cloud is not None
    assert cloud.bucket == functions.cloud.bucket
    for name in ("LIGHTSHIP_SCORE_QUEUE", "LIGHTSHIP_JOBS_TABLE", "LIGHTSHIP_BUCKET"):
        monkeypatch.setenv(name, "")
        assert clouds.from_environment(os.environ) is None
