"""Timed calls of the benchmarks: complete and correct; no timings are checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.child import run_module
from benchmarks.registries import QUESTIONS
from benchmarks.stacks import compiled
from tests.bundles import Registries


def test_protocol_calls_measure_every_protocol_and_bound(registries: Registries) -> None:
    environment = {"LIGHTSHIP_REGISTRY": str(registries.examples), "LIGHTSHIP_DEFAULT_MODEL": "quickstart"}
    plan = {"rounds": 1, "requests": 16}
    parameters = {"model": "quickstart", "width": 3, "path": str(compiled(registries.examples)), "plan": plan}
    ways = run_module("benchmarks.protocol_calls", parameters, environment=environment)
    assert {name for name, way in ways.items() if way["bound"] == "bound, JSON"} == {
        "bound, JSON",
        "native",
        "native, by name",
        "TensorFlow Serving, instances",
        "MLflow, SageMaker",
        "Open Inference V2, JSON",
    }
    assert {name for name, way in ways.items() if way["bound"] == "bound, binary"} == {
        "bound, binary",
        "Open Inference V2, binary",
    }
    assert all(way["requests"] == 16 and way["p50_us"] > 0 for way in ways.values())


def test_registry_calls_repeat_as_configured(registries: Registries) -> None:
    location = str(registries.examples)
    parameters = {"model": "quickstart", "source": location, "location": location, "questions": 5}
    figures = run_module("benchmarks.registry_calls", parameters)
    assert figures["questions"] == 5
    assert figures["p99_us"] >= figures["p50_us"] > 0


def test_registry_calls_in_s3_copy_state_first(
    registries: Registries, bucket: str, s3_environment: dict[str, str]
) -> None:
    parameters = {
        "model": "quickstart",
        "source": str(registries.examples),
        "location": f"s3://{bucket}",
        "questions": 3,
    }
    assert run_module("benchmarks.registry_calls", parameters, environment=s3_environment)["questions"] == 3


@pytest.mark.parametrize("question", QUESTIONS)
def test_registry_questions_are_answered_for_many_models(
    registries: Registries, bucket: str, s3_environment: dict[str, str], tmp_path: Path, question: str
) -> None:
    log = tmp_path / "requests"
    log.write_bytes(b"")
    for location in (str(tmp_path / "models"), f"s3://{bucket}/models"):
        filling = {"source": str(registries.examples / "quickstart"), "location": location, "models": 3}
        filling |= {"index": location.startswith("s3")}
        assert run_module("benchmarks.registry_filling", filling, environment=s3_environment) == 3
        asking = {"location": location, "question": question, "asked": 2, "log": str(log)}
        figures = run_module("benchmarks.registry_questions", asking, environment=s3_environment)
        assert figures["again_ms"] > 0
        assert figures["first_ms"] > 0
