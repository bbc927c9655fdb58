"""Real images and containers, built once and polled until they are ready."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.bundles import Registries
from tests.handlers.records import EXAMPLE_BUCKET
from tests.handlers.test_batches import TABLE

ROOT = Path(__file__).parents[2]


def wait_until(ready: Callable[[], bool], output: Callable[[], str], seconds: float = 120) -> None:
    """Poll `ready` until it is true; after the timeout fail with `output`."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            pytest.fail(f"not ready after {seconds} s:\n{output()}")
        time.sleep(0.2)


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def wait() -> Callable[..., None]:
    return wait_until


@pytest.fixture(scope="module")
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def image(sam: Callable[..., object]) -> str:
    """Return the function's image, as `sam build` names it."""
    sam("build", "PredictFunction")
    return "predictfunction:litert"


@pytest.fixture(scope="session")
def docker() -> Callable[..., str]:
    """Return a function that runs `docker ARGUMENT…` and returns its output."""

    def run(*arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["docker", *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    return run


@dataclass(frozen=True)
class Cloud:
    """The resources of the functions: variables for ``sam local``, and clients.

    ``host`` is the address of this machine for containers.
    """

    host: str
    variables: dict[str, str]
    s3: Any
    sqs: Any

    def objects(self, prefix: str) -> dict[str, bytes]:
        found = self.s3.list_objects_v2(Bucket=EXAMPLE_BUCKET, Prefix=prefix).get("Contents", [])
        keys = [entry["Key"] for entry in found]
        return {key: self.s3.get_object(Bucket=EXAMPLE_BUCKET, Key=key)["Body"].read() for key in keys}


@pytest.fixture(scope="session")
def cloud(docker: Callable[..., str], registries: Registries) -> Iterator[Cloud]:
    """Run moto on an address that containers reach, with a model of each engine."""
    (network,) = json.loads(docker("network", "inspect", "bridge"))
    subnet = ipaddress.ip_network(network["IPAM"]["Config"][0]["Subnet"])
    server = ThreadedMotoServer(ip_address=str(next(subnet.hosts())), port=0)
    server.start()
    host, port = server.get_host_and_port()
    reach = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    s3, sqs, dynamodb = clients = [boto3.client(name, **reach, **keys) for name in ("s3", "sqs", "dynamodb")]
    s3.create_bucket(Bucket=EXAMPLE_BUCKET)
    s3.put_bucket_versioning(Bucket=EXAMPLE_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for registry, name in ((registries.examples, "quickstart"), (registries.small, "words")):
        for path in (registry / name).rglob("*"):
            if path.is_file():
                s3.upload_file(str(path), EXAMPLE_BUCKET, f"models/{path.relative_to(registry).as_posix()}")
    dynamodb.create_table(TableName="jobs", **TABLE)
    queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("split", "score")}
    variables = {
        "AWS_ENDPOINT_URL": reach["endpoint_url"],
        "LIGHTSHIP_BUCKET": EXAMPLE_BUCKET,
        "LIGHTSHIP_REGISTRY": f"s3://{EXAMPLE_BUCKET}/models",
        "LIGHTSHIP_JOBS_TABLE": "jobs",
        "LIGHTSHIP_SPLIT_QUEUE": queues["split"],
        "LIGHTSHIP_SCORE_QUEUE": queues["score"],
    }
    yield Cloud(str(host), variables, s3, sqs)
    for client in clients:
        client.close()
    server.stop()


@pytest.fixture
def sam_server(
    image: str, sam_command: str, sam_environment: dict[str, str], free_port: int, tmp_path: Path
) -> Callable[[str], AbstractContextManager[str]]:
    """Return a context manager that runs `sam local COMMAND` on a free port."""

    @contextmanager
    def serve(command: str) -> Iterator[str]:
        log = tmp_path / "sam.log"
        with log.open("w") as output:
            server = subprocess.Popen(
                [sam_command, "local", command, "--port", str(free_port)],
                cwd=ROOT,
                env=sam_environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(lambda: listens(free_port) or server.poll() is not None, log.read_text)
            assert server.poll() is None, log.read_text()
            yield f"http://127.0.0.1:{free_port}"
        finally:
            server.send_signal(signal.SIGTERM)  # it then removes its containers
            server.wait(timeout=60)

    return serve


@pytest.fixture(scope="session")
def compose_command() -> list[str]:
    """Return the compose plugin's command, or docker-compose if installed instead."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    return ["docker", "compose"] if plugin else ["docker-compose"]


@pytest.fixture(scope="session")
def compose(compose_command: list[str]) -> Callable[..., str]:
    """Return a function that runs `docker compose ARGUMENT…`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIGHTSHIP_")}

    def run(*arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [*compose_command, "--project-name", "lightship-tests", *arguments],
            cwd=ROOT,
            env=clean | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, f"compose {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    return run
