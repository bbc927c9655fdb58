"""The server's image as SageMaker starts it: ``docker run IMAGE serve``."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
IMAGE = "lightship-sagemaker-tests"
ROW = [17.9, 10.3, 0.3]

Start = Callable[..., Any]


@pytest.fixture(scope="module")
def server_image() -> str:
    options = ["--quiet", "--target", "litert", "--file", "deploy/server/Dockerfile", "--tag", IMAGE]
    command = ["docker", "build", *options, "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    return IMAGE


@pytest.fixture
def start(server_image: str, docker: Callable[..., str], wait: Callable[..., None]) -> Start:
    @contextmanager
    def start(*options: str) -> Iterator[httpx.Client]:
        container = docker("run", "--detach", "--publish", "127.0.0.1::8080", *options, server_image, "serve")
        try:
            address = docker("port", container, "8080").splitlines()[0]
            with httpx.Client(base_url=f"http://{address}") as client:
                wait(lambda: _pings(client), lambda: docker("logs", container))
                yield client
        finally:
            docker("rm", "--force", container)

    return start


def _pings(client: httpx.Client) -> bool:
    try:
        return client.get("/ping", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def test_sagemaker_ping_and_invocations_need_no_token(start: Start) -> None:
    with start("--env", "LIGHTSHIP_DEFAULT_MODEL=quickstart", "--read-only") as client:
        for body, media_type in [
            (b"17.9,10.3,0.3\n", "text/csv"),
            (b'{"instances": [[17.9, 10.3, 0.3]]}', "application/json"),
            (b"[17.9, 10.3, 0.3]\n", "application/jsonlines"),
        ]:
            answer = client.post("/invocations", content=body, headers={"content-type": media_type})
            assert answer.status_code == 200, answer.text
            ((probability,),) = answer.json()["predictions"]
            assert 0 <= probability <= 1


def test_sagemaker_mounted_model_replaces_models_of_image(start: Start) -> None:
    volume = f"{ROOT / 'models' / 'quickstart'}:/opt/ml/model/mine:ro"
    with start("--volume", volume) as client:
        answer = client.post("/invocations", json={"inputs": [ROW]})
        assert (answer.status_code, answer.headers["lightship-model"]) == (200, "mine")


def test_sagemaker_container_stops_on_request(
    server_image: str, docker: Callable[..., str], wait: Callable[..., None]
) -> None:
    container = docker("run", "--detach", server_image, "serve")
    try:
        wait(lambda: "http" in docker("logs", container), lambda: docker("logs", container))
        docker("stop", "--time", "20", container)
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container) in {"0", "143"}
    finally:
        docker("rm", "--force", container)
