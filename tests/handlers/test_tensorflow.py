"""A TensorFlow model through the Lambda handler: every protocol, and lazy loading."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bundles import Registries
from tests.emulator import ROOT, Emulator

NAMES = {"LIGHTSHIP_DEFAULT_MODEL": "words", "TF_CPP_MIN_LOG_LEVEL": "3"}
WORD = {"name": "word", "datatype": "BYTES", "shape": [2], "data": ["ahoy", "sail"]}


@pytest.fixture(scope="module")
def emulator(registries: Registries) -> Iterator[Emulator]:
    """Run the function with a TensorFlow model that loads after the initialisation."""
    variables = {"LIGHTSHIP_REGISTRY": str(registries.small), "LIGHTSHIP_INIT_SECONDS": "0.05"}
    with Emulator(environment=NAMES | variables, patience=180) as running:
        yield running


def event(method: str, path: str, body: Any = None) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((ROOT / "events" / "predict.json").read_text())
    made["requestContext"]["http"] |= {"method": method, "path": path}
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    return made | {"rawPath": path, "body": text, "isBase64Encoded": False}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/predict", {"input": ["ahoy", "sail"]}, ["AHOY", "SAIL"]),
        ("/models/words/predict", {"input": ["ahoy", "sail"]}, {"predictions": ["AHOY", "SAIL"]}),
        ("/v1/models/words:predict", {"instances": ["ahoy", "sail"]}, {"predictions": ["AHOY", "SAIL"]}),
        ("/v2/models/words/infer", {"inputs": [WORD]}, {"outputs": [{"name": "upper", "data": ["AHOY", "SAIL"]}]}),
        ("/invocations", {"instances": ["ahoy", "sail"]}, {"predictions": ["AHOY", "SAIL"]}),
    ],
)
def test_predict_tensorflow_model_answers_every_protocol(
    emulator: Emulator, path: str, body: Any, expected: Any
) -> None:
    answer = emulator.invoke(event("POST", path, body))
    assert answer["statusCode"] == 200, answer
    assert part_of(json.loads(answer["body"]), expected) == expected


def part_of(answer: Any, expected: Any) -> Any:
    """Return the expected keys of an answer, in objects of any depth."""
    if isinstance(expected, dict):
        return {key: part_of(answer[key], value) for key, value in expected.items()}
    if isinstance(expected, list) and expected and isinstance(expected[0], dict):
        return [part_of(found, value) for found, value in zip(answer, expected, strict=True)]
    return answer


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/predict", {"input": [1, 2]}, 400),
        ("/predict", "{", 400),
        ("/models/nothing/predict", {"input": ["ahoy"]}, 404),
        ("/v1/models/words:predict", {"instances": [[1]]}, 400),
        ("/v2/models/words/infer", {"inputs": [WORD | {"datatype": "FP32", "data": [1, 2]}]}, 400),
        ("/invocations", {"instances": {"word": 1}}, 400),
    ],
)
def test_predict_tensorflow_model_refuses_bad_input(emulator: Emulator, path: str, body: Any, status: int) -> None:
    answer = emulator.invoke(event("POST", path, body))
    assert answer["statusCode"] == status, answer
    assert {"error", "error_code"} & json.loads(answer["body"]).keys()


def test_ready_tensorflow_model_is_ready(emulator: Emulator) -> None:
    assert emulator.invoke(event("GET", "/health/ready"))["statusCode"] == 200
    assert emulator.invoke(event("GET", "/v2/models/words/ready"))["statusCode"] == 200


# Prints the models loaded when the initialisation ends, and the status of the first request.
STARTED = """
import json, sys
from lightship.handlers.predict import handler_for
handler = handler_for()
loaded = [name for name, _ in handler.core.serving.loaded()]
print(json.dumps([loaded, handler(json.load(sys.stdin), None)["statusCode"]]))
"""


@pytest.mark.parametrize(
    ("settings", "loaded"),
    [
        ({}, ["words"]),
        ({"LIGHTSHIP_INIT_SECONDS": "0.05"}, []),
        ({"LIGHTSHIP_INIT_SECONDS": "0.05", "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency"}, ["words"]),
    ],
    ids=["unlimited", "on-demand", "provisioned"],
)
def test_handler_initialisation_ends_in_time_and_request_waits_for_model(
    registries: Registries, settings: dict[str, str], loaded: list[str]
) -> None:
    variables = NAMES | settings | {"LIGHTSHIP_REGISTRY": str(registries.small), "PYTHONPATH": str(ROOT / "src")}
    done = run(STARTED, variables, json.dumps(event("POST", "/predict", {"input": ["ahoy"]})))
    assert json.loads(done.stdout.splitlines()[-1]) == [loaded, 200]


# Makes TensorFlow impossible to import.
ABSENT = """
import json, sys
sys.modules["tensorflow"] = None
from lightship.handlers.predict import handler_for
handler = handler_for()
print(json.dumps(handler(json.load(sys.stdin), None)))
"""


def test_predict_without_tensorflow_is_503_and_names_parameter(registries: Registries) -> None:
    variables = NAMES | {"LIGHTSHIP_REGISTRY": str(registries.small), "PYTHONPATH": str(ROOT / "src")}
    done = run(ABSENT, variables, json.dumps(event("POST", "/predict", {"input": ["ahoy"]})))
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["statusCode"] == 503
    assert "Engine=tensorflow" in json.loads(answer["body"])["error"]["message"]


def run(code: str, variables: dict[str, str], stdin: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LIGHTSHIP_", "AWS_"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=clean | variables,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return done
