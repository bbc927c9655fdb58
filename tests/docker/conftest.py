"""Real images, real containers: built once, and waited for by asking them, never by sleeping for luck."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def wait_until(ready: Callable[[], bool], said: Callable[[], str], seconds: float = 120) -> None:
    """Ask `ready` until it says yes; when time is up, fail with what was `said`."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            pytest.fail(f"not ready after {seconds} s:\n{said()}")
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
    """The function's image, as `sam build` names it."""
    sam("build", "PredictFunction")
    return "predictfunction:predict"


@pytest.fixture(scope="session")
def docker() -> Callable[..., str]:
    """Run `docker ARGUMENT…`; its output."""

    def run(*arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["docker", *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    return run


@pytest.fixture
def sam_server(
    image: str, sam_command: str, sam_environment: dict[str, str], free_port: int, tmp_path: Path
) -> Callable[[str], AbstractContextManager[str]]:
    """Run `sam local COMMAND` on a free port while the context lasts."""

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
            server.send_signal(signal.SIGTERM)  # on which it removes its containers
            server.wait(timeout=60)

    return serve


@pytest.fixture(scope="session")
def compose_command() -> list[str]:
    """The plugin, or docker-compose where that is what is installed."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    return ["docker", "compose"] if plugin else ["docker-compose"]


@pytest.fixture(scope="session")
def compose(compose_command: list[str]) -> Callable[..., str]:
    """Run `docker compose ARGUMENT…`."""
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
