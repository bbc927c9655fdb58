"""What schemathesis makes up from an OpenAPI document never gives a 5xx, nor an answer that the document denies."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import boto3
import httpx
import pytest

from lightship.registry.registry import Registry
from tests.bundles import Registries, republish
from tests.cli.test_serve import running
from tests.clients.conftest import Client, environment
from tests.jobs.clouds import TABLE

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
BOUNDS = ("--max-examples", "15", "--seed", "7", "--suppress-health-check", "all")

RIGHT = '{"id": "7", "inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [[1, 4]]}]}'

# The protocol's document knows no 404 for metadata and inference, so schemathesis is told which model there is.
PINNED = '[parameters]\n"path.MODEL_NAME" = "modes"\n"path.MODEL_VERSION" = "1"\n'


def schemathesis(document: str, folder: Path, *options: str) -> str:
    command = [environment("schemathesis") / "bin" / "schemathesis", "run", "--checks", CHECKS, *BOUNDS, *options]
    done = subprocess.run([*command, document], cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b[1-9]\d* passed\b", done.stdout), done.stdout
    return done.stdout


def test_our_document_and_the_server_agree(registries: Registries, tmp_path: Path) -> None:
    with running("serve", "--default", "quickstart", "--registry", str(registries.examples)) as (_, url):
        schemathesis(f"{url}/openapi.json", tmp_path)


@pytest.fixture
def stack(bucket: str, s3_registry: str, s3_environment: dict[str, str], registries: Registries) -> dict[str, str]:
    """What a process needs to find a bucket, a table and queues that jobs can be put on; nobody works on them."""
    republish(Registry(s3_registry), registries.examples / "quickstart" / "1", "quickstart")
    dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
    dynamodb.create_table(TableName=bucket, **TABLE)
    queues = {kind: sqs.create_queue(QueueName=f"{kind}-{bucket[-60:]}")["QueueUrl"] for kind in ("split", "score")}
    dynamodb.close()
    sqs.close()
    return s3_environment | {
        "LIGHTSHIP_BUCKET": bucket,
        "LIGHTSHIP_REGISTRY": s3_registry,
        "LIGHTSHIP_JOBS_TABLE": bucket,
        "LIGHTSHIP_SPLIT_QUEUE": queues["split"],
        "LIGHTSHIP_SCORE_QUEUE": queues["score"],
    }


def test_our_document_and_the_jobs_of_a_stack_agree(stack: dict[str, str], tmp_path: Path) -> None:
    with running("serve", "--registry", stack["LIGHTSHIP_REGISTRY"], **stack) as (_, url):
        shown = schemathesis(f"{url}/openapi.json", tmp_path, "--include-path-regex", "^/jobs")
        assert re.search(r"Operations:\s+7 selected", shown), shown
        asked = {"upload": {"name": "p.csv"}}
        assert httpx.post(f"{url}/jobs", json=asked).json()["key"].startswith("uploads/anonymous/")


def test_the_protocols_own_document_and_the_server_agree(client: Client, served: str, tmp_path: Path) -> None:
    """The document as the public client tells it: the tests have no internet to fetch the text itself from."""
    document = tmp_path / "protocol.json"
    document.write_text(client("open-inference-openapi", "open_inference_document.py", RIGHT))
    (tmp_path / "schemathesis.toml").write_text(PINNED)
    shown = schemathesis(str(document), tmp_path, "--url", served, "--phases", "examples,coverage,fuzzing")
    assert re.search(r"Operations:\s+9 selected", shown), shown
