"""Part ``registry``: what the question costs whether a model's state is another one, of a folder and of S3.

S3 is moto's server over loopback: its time is not Amazon's, so the processor time that the question takes of ours is
measured apart from it.
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
from benchmarks.orders import carry_out
from benchmarks.servers import free_port
from benchmarks.stacks import MODEL_NAME

REFRESH = 2.0  # seconds: the default of LIGHTSHIP_REFRESH_SECONDS

_BUCKET = "registry"


@dataclass(frozen=True)
class Plan:
    """How many questions are asked of a folder, and of S3."""

    folder: int
    s3: int


FULL = Plan(folder=5000, s3=1000)
QUICK = Plan(folder=500, s3=100)


def measure(registry: Path, plan: Plan, step: Callable[[str], None]) -> dict[str, Any]:
    """Figures by store. ``step`` is told what comes next. Raises RuntimeError."""
    orders = {"model": MODEL_NAME, "source": str(registry)}
    step("registry: a folder")
    folder = carry_out("benchmarks.registry_calls", {**orders, "location": str(registry), "questions": plan.folder})
    step("registry: S3")
    with _s3() as environment:
        orders |= {"location": f"s3://{_BUCKET}", "questions": plan.s3}
        s3 = carry_out("benchmarks.registry_calls", orders, environment=environment)
    return {"refresh_seconds": REFRESH, **asdict(plan), "stores": {"folder": folder, "S3 (moto)": s3}}


def steps() -> int:
    """How often ``step`` will be called."""
    return 2


@contextmanager
def _s3() -> Iterator[dict[str, str]]:
    """What a process needs to find a fresh S3, which has the other core."""
    port = free_port()
    with tempfile.TemporaryFile() as log:
        with cores.apart():
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
