"""docs/deploy.md as its reader: its ``sh docker`` blocks, one after the other."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```sh docker\n(.*?)^```$", (ROOT / "docs" / "deploy.md").read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def terminals(compose_command: list[str], sam_environment: dict[str, str], sam_command: str) -> Iterator[Any]:
    """Start a block in a terminal of its own; at the end each is told to stop."""
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
            os.killpg(process.pid, signal.SIGTERM)  # not SIGINT: a job in the background ignores it
        process.communicate(timeout=60)


def test_every_command_works(terminals: Any, wait: Any) -> None:
    said = ""

    def works(script: str) -> bool:
        nonlocal said
        process = terminals(script)
        said, _ = process.communicate(timeout=900)
        return process.returncode == 0

    def answers(script: str) -> bool:
        return works(script) and '"message"' not in said  # which every error has, SAM's and ours

    assert len(BLOCKS) == 7
    for block in BLOCKS:
        if block.startswith("sam local start"):
            terminals(block)
        elif block.startswith("curl"):  # what was started takes a moment
            wait(lambda script=block: answers(script), lambda: said)
        else:
            assert works(block), said
