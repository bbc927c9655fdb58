"""Part ``registry``: cost of change detection, and of questions about many models.

S3 is moto's server over loopback, whose response time is not that of AWS, so the processor time of this process is
measured separately.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import storage
from benchmarks.child import run_module
from benchmarks.stacks import MODEL_NAME

REFRESH = 2.0  # seconds: the default of LIGHTSHIP_REFRESH_SECONDS

# Questions and the statuses of their answers: method, path with the name of a model, body.
QUESTIONS = {
    "unknown model": ("POST", "/models/unknown/predict", '{"input": [1, 2, 3]}', 404),
    "readiness": ("GET", "/health/ready", "", 200),
    "GET /models": ("GET", "/models", "", 200),
    "first answer": ("POST", "/models/model0/predict", '{"input": [1, 2, 3]}', 200),
}

# Seconds to write the models of the largest registry.
_FILLING = 900.0


@dataclass(frozen=True)
class Plan:
    """Number of checks of a folder and of S3, of models, and of questions."""

    folder: int
    s3: int
    models: tuple[int, ...]
    asked: int


FULL = Plan(folder=5000, s3=1000, models=(1, 100, 1000), asked=20)
QUICK = Plan(folder=500, s3=100, models=(1, 20), asked=5)


def measure(registry: Path, plan: Plan, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by store; ``step`` is called with the name of each step.

    Raises RuntimeError if a process fails.
    """
    parameters = {"model": MODEL_NAME, "source": str(registry)}
    step("registry: a folder")
    of_folder = {**parameters, "location": str(registry), "questions": plan.folder}
    folder = run_module("benchmarks.registry_calls", of_folder)
    step("registry: S3")
    with storage.s3() as environment:
        of_s3 = {**parameters, "location": f"s3://{storage.BUCKET}", "questions": plan.s3}
        s3 = run_module("benchmarks.registry_calls", of_s3, environment=environment)
    stores = {"folder": folder, "S3 (moto)": s3}
    return {"refresh_seconds": REFRESH, **asdict(plan), "stores": stores, "many": _many(registry, plan, step)}


def steps(plan: Plan) -> int:
    """Return the number of calls of ``step``."""
    return 2 + 3 * len(plan.models)


def _many(registry: Path, plan: Plan, step: Callable[[str], None]) -> list[dict[str, Any]]:
    """Return figures by store, number of models and question."""
    found = []
    with tempfile.TemporaryDirectory() as created:
        log = Path(created) / "requests"
        with storage.s3(log) as variables:
            for models in plan.models:
                bucket = f"s3://{storage.BUCKET}/{models}"
                stores = {"folder": f"{created}/{models}", "S3, without index": bucket, "S3": bucket}
                for store, location in stores.items():
                    step(f"registry: {models:,} models in {store}")
                    filling = {"source": str(registry / MODEL_NAME), "location": location, "models": models}
                    filling["index"] = store == "S3"
                    run_module("benchmarks.registry_filling", filling, environment=variables, timeout=_FILLING)
                    for question in QUESTIONS:
                        asking = {"location": location, "question": question, "asked": plan.asked, "log": str(log)}
                        figures = run_module("benchmarks.registry_questions", asking, environment=variables)
                        found.append({"store": store, "models": models, "question": question, **figures})
    return found
