"""Part ``registry``: cost of change detection for a folder and for S3.

S3 is moto's server over loopback, whose response time is not that of AWS, so the processor time of this process is
measured separately.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import cores
from benchmarks.child import run_module
from benchmarks.servers import free_port
from benchmarks.stacks import MODEL_NAME

REFRESH = 2.0  # seconds: the default of LIGHTSHIP_REFRESH_SECONDS

_BUCKET = "registry"


@dataclass(frozen=True)
class Plan:
    """Number of checks of a folder and of S3."""

    folder: int
    s3: int


FULL = Plan(folder=5000, s3=1000)
QUICK = Plan(folder=500, s3=100)


def measure(registry: Path, plan: Plan, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by store; ``step`` is called with the name of each step.

    Raises RuntimeError if a process fails.
    """
    parameters = {"model": MODEL_NAME, "source": str(registry)}
    step("registry: a folder")
    of_folder = {**parameters, "location": str(registry), "questions": plan.folder}
    folder = run_module("benchmarks.registry_calls", of_folder)
    step("registry: S3")
    with _s3() as environment:
        of_s3 = {**parameters, "location": f"s3://{_BUCKET}", "questions": plan.s3}
        s3 = run_module("benchmarks.registry_calls", of_s3, environment=environment)
    return {"refresh_seconds": REFRESH, **asdict(plan), "stores": {"folder": folder, "S3 (moto)": s3}}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return 2


@contextmanager
def _s3() -> Iterator[dict[str, str]]:
    """Start an empty S3 on the other core; yield its environment variables."""
    port = free_port()
    with tempfile.TemporaryFile() as log:
        with cores.last_core():
            command = [sys.executable, "-m", "moto.server", "--port", str(port)]
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": "benchmark",
                "AWS_SECRET_ACCESS_KEY": "benchmark",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
        finally:
            process.kill()
            process.wait()
