"""Timed calls of the benchmarks: complete and correct; no timings are checked."""

from __future__ import annotations

from benchmarks.child import run_module
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


def test_registry_calls_in_s3_copy_state_first(registries: Registries, s3_environment: dict[str, str]) -> None:
    parameters = {
        "model": "quickstart",
        "source": str(registries.examples),
        "location": "s3://benchmark",
        "questions": 3,
    }
    assert run_module("benchmarks.registry_calls", parameters, environment=s3_environment)["questions"] == 3
