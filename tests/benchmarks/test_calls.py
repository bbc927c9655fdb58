"""What is timed inside of a process answers rightly and is there in every form; no timings here."""

from __future__ import annotations

from benchmarks.orders import carry_out
from benchmarks.stacks import compiled
from tests.bundles import Registries


def test_every_protocol_is_measured_beside_its_bound(registries: Registries) -> None:
    environment = {"LIGHTSHIP_REGISTRY": str(registries.examples), "LIGHTSHIP_DEFAULT_MODEL": "quickstart"}
    plan = {"rounds": 1, "requests": 16}
    orders = {"model": "quickstart", "width": 3, "path": str(compiled(registries.examples)), "plan": plan}
    ways = carry_out("benchmarks.protocol_calls", orders, environment=environment)
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


def test_a_registry_is_asked_as_often_as_said(registries: Registries) -> None:
    location = str(registries.examples)
    orders = {"model": "quickstart", "source": location, "location": location, "questions": 5}
    figures = carry_out("benchmarks.registry_calls", orders)
    assert figures["questions"] == 5
    assert figures["p99_us"] >= figures["p50_us"] > 0


def test_a_registry_in_s3_gets_the_state_first(registries: Registries, s3_environment: dict[str, str]) -> None:
    orders = {"model": "quickstart", "source": str(registries.examples), "location": "s3://benchmark", "questions": 3}
    assert carry_out("benchmarks.registry_calls", orders, environment=s3_environment)["questions"] == 3
