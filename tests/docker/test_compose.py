"""The long-running server through compose.yaml."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import yaml

pytestmark = pytest.mark.docker

QUESTION = {"input": [1.0, 2.0, 3.0]}


class Stack:
    """The containers of `compose up -d`, which later calls start with other settings."""

    def __init__(self, compose: Any, docker: Any, wait: Any, port: int) -> None:
        self._compose, self._docker, self._wait = compose, docker, wait
        self.port = str(port)
        self.container = ""

    def up(self, **environment: str) -> httpx.Client:
        self._compose("up", "-d", LIGHTSHIP_PORT=self.port, **environment)
        self.container = self._compose("ps", "-q")
        self._wait(self._healthy, lambda: self._compose("logs"))
        return httpx.Client(base_url=f"http://localhost:{self.port}")

    def down(self) -> None:
        self._compose("down", LIGHTSHIP_PORT=self.port)

    def _healthy(self) -> bool:
        assert self.inspect("{{.RestartCount}}") == "0", self._compose("logs")
        return self.inspect("{{.State.Health.Status}}") == "healthy"

    def inspect(self, template: str) -> str:
        return str(self._docker("inspect", "--format", template, self.container))


@pytest.fixture(scope="module")
def built(compose: Callable[..., str]) -> None:
    compose("build")


@pytest.fixture(scope="module")
def stack(built: None, compose: Any, docker: Any, wait: Any, free_port: int) -> Iterator[Stack]:
    stack = Stack(compose, docker, wait, free_port)
    try:
        yield stack
    finally:
        stack.down()


def test_compose_publishes_port_5000_on_loopback_only(compose: Callable[..., str]) -> None:
    (port,) = yaml.safe_load(compose("config"))["services"]["lightship"]["ports"]
    if isinstance(port, dict):  # the plugin's format
        port = f"{port['host_ip']}:{port['published']}:{port['target']}"
    assert port.removesuffix("/tcp") == "127.0.0.1:5000:8000"


@pytest.mark.parametrize(("settings", "engine"), [({}, "litert"), ({"LIGHTSHIP_ENGINE": "tensorflow"}, "tensorflow")])
def test_compose_engine_selects_target_and_image(
    compose: Callable[..., str], settings: dict[str, str], engine: str
) -> None:
    service = yaml.safe_load(compose("config", **settings))["services"]["lightship"]
    assert (service["build"]["target"], service["image"]) == (engine, f"lightship:{engine}")


def test_compose_without_token_answers_on_loopback(stack: Stack) -> None:
    with stack.up() as client:
        answer = client.post("/predict", json=QUESTION)
        assert answer.status_code == 200
        assert 0 <= answer.json()[0][0] <= 1
    assert stack.inspect("{{json .NetworkSettings.Ports}}").count("127.0.0.1") == 1


def test_compose_container_has_no_privileges(stack: Stack, docker: Any) -> None:
    stack.up().close()
    assert (
        docker("exec", stack.container, "python", "-c", "import os; print(os.getuid(), os.getgid())") == "10001 10001"
    )
    status = docker("exec", stack.container, "python", "-c", "print(open('/proc/1/status').read())")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["CapEff"].strip("0") == facts["CapBnd"].strip("0") == ""
    assert facts["NoNewPrivs"] == "1"
    assert stack.inspect("{{.HostConfig.ReadonlyRootfs}}") == "true"


def test_compose_with_token_requires_token(stack: Stack) -> None:
    with stack.up(LIGHTSHIP_TOKEN="open-sesame") as client:
        assert client.get("/health/live").status_code == 200
        assert client.post("/predict", json=QUESTION).status_code == 401
        wrong = {"authorization": "Bearer open"}
        assert client.post("/predict", json=QUESTION, headers=wrong).status_code == 401
        right = {"authorization": "Bearer open-sesame"}
        assert client.post("/predict", json=QUESTION, headers=right).status_code == 200


def test_server_image_without_token_refuses_to_start(built: None) -> None:
    done = subprocess.run(
        ["docker", "run", "--rm", "lightship:litert"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode != 0
    assert "LIGHTSHIP_TOKEN" in done.stderr
