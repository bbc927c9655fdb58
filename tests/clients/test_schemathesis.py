"""Requests that schemathesis generates from OpenAPI documents.

They never result in a 5xx or in an answer that the document does not allow.
"""

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

# The protocol's document has no 404 for metadata and inference, so the parameters name an existing model.
PINNED = '[parameters]\n"path.MODEL_NAME" = "modes"\n"path.MODEL_VERSION" = "1"\n'


def schemathesis(document: str, folder: Path, *options: str) -> str:
    command = [environment("schemathesis") / "bin" / "schemathesis", "run", "--checks", CHECKS, *BOUNDS, *options]
    done = subprocess.run([*command, document], cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b[1-9]\d* passed\b", done.stdout), done.stdout
    return done.stdout


def test_schemathesis_served_document_matches_server(registries: Registries, tmp_path: Path) -> None:
    with running("serve", "--default", "quickstart", "--registry", str(registries.examples)) as (_, url):
        schemathesis(f"{url}/openapi.json", tmp_path)


@pytest.fixture
def stack(bucket: str, s3_registry: str, s3_environment: dict[str, str], registries: Registries) -> dict[str, str]:
    """Return settings of a bucket, a table and queues for jobs, without workers."""
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


def test_schemathesis_served_document_matches_jobs_routes(stack: dict[str, str], tmp_path: Path) -> None:
    with running("serve", "--registry", stack["LIGHTSHIP_REGISTRY"], **stack) as (_, url):
        shown = schemathesis(f"{url}/openapi.json", tmp_path, "--include-path-regex", "^/jobs")
        assert re.search(r"Operations:\s+7 selected", shown), shown
        body = {"upload": {"name": "p.csv"}}
        assert httpx.post(f"{url}/jobs", json=body).json()["key"].startswith("uploads/anonymous/")


def test_schemathesis_protocol_document_matches_server(client: Client, served: str, tmp_path: Path) -> None:
    """Use the document reconstructed from the public client, without internet access."""
    document = tmp_path / "protocol.json"
    document.write_text(client("open-inference-openapi", "open_inference_document.py", RIGHT))
    (tmp_path / "schemathesis.toml").write_text(PINNED)
    shown = schemathesis(str(document), tmp_path, "--url", served, "--phases", "examples,coverage,fuzzing")
    assert re.search(r"Operations:\s+9 selected", shown), shown
