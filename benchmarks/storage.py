"""S3 of the benchmarks: moto's server over loopback, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks import cores
from benchmarks.servers import free_port
from lightship.local.mirror import mirror
from lightship.registry.registry import Registry

BUCKET = "registry"


@contextmanager
def s3(log: Path | None = None) -> Iterator[dict[str, str]]:
    """Start S3 with an empty bucket; yield the variables of a process that uses it.

    The server has the last core, as all that the measured process waits for. ``log`` gets a line for each request.
    """
    port = free_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with log.open("wb") if log else tempfile.TemporaryFile() as output:
        with cores.last_core():
            command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            with closing(_client(variables)) as client:
                client.create_bucket(Bucket=BUCKET)  # boto3 tries again until the server listens
            yield variables
        finally:
            process.kill()
            process.wait()


def fill(registry: Path, variables: Mapping[str, str]) -> str:
    """Copy a registry's models into the bucket, and return their location."""
    location = f"s3://{BUCKET}/models"
    with closing(_client(variables)) as client:
        mirror(Registry(str(registry)), client, location)
    return location


def _client(variables: Mapping[str, str]) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_DEFAULT_REGION"],
        config=Config(retries={"mode": "standard", "total_max_attempts": 10}),
    )
