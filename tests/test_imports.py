"""What is not imported does not cost anything: the cold start rests on this."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bundles import Registries

HEAVY = {
    "tensorflow",
    "keras",
    "boto3",
    "pandas",
    "matplotlib",
    "sklearn",
    "fastapi",
    "starlette",
    "pydantic",
    "click",
    "rich",
}

HOT = """
import json, sys
from lightship.handlers.predict import handler
event = json.load(open("events/{event}.json"))
answer = handler(event, None)
assert answer["statusCode"] == 200, answer
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def modules_after(code: str, registry: Path) -> set[str]:
    environment = {"LIGHTSHIP_REGISTRY": str(registry), "LIGHTSHIP_DEFAULT_MODEL": "quickstart", "PYTHONPATH": "src"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_a_hot_request_imports_nothing_heavy(registries: Registries) -> None:
    modules = modules_after(HOT.format(event="predict"), registries.examples)
    assert not modules & (HEAVY | {"PIL"})
    assert "ai_edge_litert" in modules


def test_an_image_adds_pillow_and_nothing_else(registries: Registries) -> None:
    modules = modules_after(HOT.format(event="predict-image"), registries.examples)
    assert not modules & HEAVY
    assert "PIL" in modules


def test_importing_the_package_imports_no_room(registries: Registries) -> None:
    code = "import sys, lightship; print(*(name for name in sys.modules if name.startswith('lightship')))"
    assert modules_after(code, registries.examples) == {"lightship", "lightship.version"}
