"""Imports of the request path and of packages, which determine the cold start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lightship
from lightship import protocols
from lightship.protocols.http import WireProtocol
from tests.bundles import Registries
from tests.conftest import ROOT

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
    "lightship.explain",
    "lightship.formats",
    "lightship.jobs",
}

# Of the standard library: an event loop, and what it imports, take a third of a cold start.
SLOW = {"asyncio", "concurrent", "shutil", "ssl", "subprocess", "tempfile"}

PATH = os.pathsep.join((str(ROOT / "src"), str(ROOT / "functions" / "predict")))

FEATURES = {"name": "features", "shape": [1, 3], "datatype": "FP32"}
COLUMNS = ["mean radius", "mean texture", "mean concavity"]
BINARY = {"binary_data_output": True}
IMAGE = ROOT / "events" / "predict-image.json"

# Requests to each route that predicts or is polled every few seconds; bodies of POST are JSON or bytes.
HOT: dict[str, list[tuple[str, Any]]] = {
    "native": [
        ("/predict", {"input": [1, 2, 3]}),
        ("/predict", {"input": dict.fromkeys(COLUMNS, 1)}),
        ("/models/quickstart/predict", {"input": [[1, 2, 3], [4, 5, 6]]}),
        ("/models/quickstart/versions/1/predict", {"input": [1, 2, 3]}),
        ("/health/live", None),
        ("/health/ready", None),
    ],
    "openinference": [
        ("/v2/models/quickstart/infer", {"inputs": [FEATURES | {"data": [1, 2, 3]}]}),
        ("/v2/models/quickstart/versions/1/infer", {"inputs": [FEATURES | {"data": [1, 2, 3]}], "parameters": BINARY}),
        ("/v2/health/live", None),
        ("/v2/health/ready", None),
        ("/v2/models/quickstart/ready", None),
    ],
    "tfserving": [
        ("/v1/models/quickstart:predict", {"instances": [[1, 2, 3]]}),
        ("/v1/models/quickstart:predict", b'{"instances": [[NaN, 2, 3]]}'),
        ("/v1/models/quickstart/versions/1:predict", {"inputs": [[1, 2, 3]]}),
        ("/v1/models/quickstart:classify", {"examples": [{"features": [1, 2, 3]}]}),
        ("/v1/models/quickstart:regress", {"examples": [{"features": [1, 2, 3]}]}),
        ("/v1/models/quickstart", None),
    ],
    "mlflow": [
        ("/invocations", {"inputs": [[1, 2, 3]]}),
        ("/invocations", {"dataframe_split": {"columns": COLUMNS, "data": [[1, 2, 3]]}}),
        ("/invocations", {"dataframe_records": [dict.fromkeys(COLUMNS, 1)]}),
        ("/models/quickstart/invoke", {"inputs": [[1, 2, 3]]}),
        ("/endpoints/quickstart/invocations", {"inputs": [[1, 2, 3]]}),
        ("/ping", None),
    ],
    "documentation": [("/docs", None)],
    "web": [("/", None)],
}

# End of a program for `words_after`: prints the imported packages, and the subpackages of lightship.
MODULES = """
print(*sorted({".".join(name.split(".")[: 1 + name.startswith("lightship.")]) for name in sys.modules}))
"""

CODE = """
import json, sys
from lightship.handlers.predict import handler_for
handler = handler_for()
for event in json.load(sys.stdin):
    answer = handler(event, None)
    assert answer["statusCode"] == 200, answer
"""

APP = """
import gc
import app
print(*(word for word, holds in (("enabled", gc.isenabled()), ("frozen", gc.get_freeze_count())) if holds))
"""


def words_after(code: str, registry: Path, given: str = "") -> set[str]:
    environment = {"LIGHTSHIP_REGISTRY": str(registry), "LIGHTSHIP_DEFAULT_MODEL": "quickstart", "PYTHONPATH": PATH}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, input=given, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def event_of(path: str, body: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / "predict.json").read_text())
    event["requestContext"]["http"] |= {"path": path, "method": "GET" if body is None else "POST"}
    text = body.decode() if isinstance(body, bytes) else "" if body is None else json.dumps(body)
    return event | {"rawPath": path, "body": text}


@pytest.mark.parametrize("protocol", protocols.protocols(), ids=lambda protocol: protocol.name)
def test_hot_request_imports_no_heavy_package(registries: Registries, protocol: WireProtocol) -> None:
    events = [event_of(path, body) for path, body in HOT[protocol.name]]
    modules = words_after(CODE + MODULES, registries.examples, json.dumps(events))
    assert not modules & (HEAVY | SLOW | {"PIL"})
    assert "ai_edge_litert" in modules


def test_compile_handler_imports_no_model_parser(registries: Registries) -> None:
    modules = words_after(f"import sys, lightship.handlers.compile{MODULES}", registries.examples)
    parsers = {"yaml", "h5py", "tensorflow", "keras", "ai_edge_litert", "PIL"}
    assert "lightship.handlers" in modules
    assert not modules & parsers


def test_hot_requests_cover_every_predict_route() -> None:
    for protocol in protocols.protocols():
        for route in protocol.routes:
            covered = any(route.pattern.fullmatch(path) for path, _ in HOT[protocol.name])
            assert covered or route.operation != "predict", route.path


def test_image_request_imports_pillow_only(registries: Registries) -> None:
    modules = words_after(CODE + MODULES, registries.examples, json.dumps([json.loads(IMAGE.read_text())]))
    assert not modules & HEAVY
    assert "PIL" in modules


def test_function_start_freezes_objects_and_enables_garbage_collection(
    registries: Registries,
) -> None:
    assert words_after(APP, registries.examples) == {"enabled", "frozen"}


def test_package_import_loads_no_subpackage(registries: Registries) -> None:
    code = "import sys, lightship; print(*(name for name in sys.modules if name.startswith('lightship')))"
    assert words_after(code, registries.examples) == {"lightship", "lightship.version"}


def test_package_public_names_exist() -> None:
    code = "import lightship; print(*(name for name in lightship.__all__ if getattr(lightship, name)))"
    assert words_after(code, ROOT) == set(lightship.__all__)
