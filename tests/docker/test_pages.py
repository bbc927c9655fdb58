"""``sh docker`` blocks of the documentation, run in order, page by page."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pages import PAGES, Block, blocks

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
WITH_DOCKER = [page for page in PAGES if any(block.kind == "docker" for block in blocks(page))]


@pytest.fixture
def terminals(compose_command: list[str], sam_environment: dict[str, str], sam_command: str) -> Iterator[Any]:
    """Start a block in a separate terminal; stop all of them at the end."""
    environment = {name: value for name, value in sam_environment.items() if not name.startswith("LIGHTSHIP_")}
    environment["PATH"] = f"{Path(sam_command).parent}{os.pathsep}{os.environ['PATH']}"
    environment["COMPOSE_PROJECT_NAME"] = "lightship-page"
    running = []

    def start(script: str) -> subprocess.Popen[str]:
        script = script.replace("docker compose", " ".join(compose_command))
        command = ["bash", "-euo", "pipefail", "-c", script]
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        running.append(
            subprocess.Popen(command, cwd=ROOT, env=environment, text=True, start_new_session=True, **streams)
        )
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)  # background jobs ignore SIGINT
        process.communicate(timeout=60)


@pytest.mark.parametrize("page", WITH_DOCKER, ids=lambda page: page.name)
def test_page_commands_for_docker_succeed(page: Path, terminals: Any, wait: Any) -> None:
    output = ""

    def succeeds(script: str) -> bool:
        nonlocal output
        process = terminals(script)
        output, _ = process.communicate(timeout=900)
        return process.returncode == 0

    def answers(script: str) -> bool:
        return succeeds(script) and '"message"' not in output  # in every error, SAM's and Lightship's

    for block in blocks(page):
        if not _runs_here(block):
            continue
        if block.script.startswith("sam local start"):
            terminals(block.script)
        elif block.script.startswith("curl"):  # the server or container needs time to start
            wait(lambda script=block.script: answers(script), lambda: output)
        else:
            assert succeeds(block.script), output


def _runs_here(block: Block) -> bool:
    """Return whether a block needs Docker, or no ``make run``."""
    return block.kind == "docker" or (not block.kind and not block.needs_server)


def test_pages_with_docker_blocks_are_found() -> None:
    assert {page.name for page in WITH_DOCKER} == {"deploy.md", "your-own-model.md", "mlflow-sagemaker.md"}
