"""The real handler under AWS's runtime emulator; no Docker needed."""

from __future__ import annotations

import base64
import copy
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bundles import Registries
from tests.emulator import ROOT, Emulator

# Events of services that do not send payload 2.0.
OTHER_FORMATS = {"rest-api", "load-balancer", "load-balancer-multi-value", "lattice", "lattice-1"}

# All HTTP events; the other files are for queues.
EVENTS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((ROOT / "events").glob("*.json"))
    if '"rawPath"' in path.read_text() or path.stem in OTHER_FORMATS
}


@pytest.fixture(scope="module")
def emulator(registries: Registries) -> Iterator[Emulator]:
    with Emulator(environment={"LIGHTSHIP_REGISTRY": str(registries.examples)}) as running:
        yield running


def body(answer: dict[str, Any]) -> Any:
    return json.loads(answer["body"])


def changed(event: str, **fields: Any) -> dict[str, Any]:
    other = copy.deepcopy(EVENTS[event])
    other.update(fields)
    return other


def with_body(text: str) -> dict[str, Any]:
    return changed("predict", body=text, isBase64Encoded=False)


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("predict", 200),
        ("predict-rows", 200),
        ("predict-image", 200),
        ("models", 200),
        ("ready", 200),
        ("bad-json", 400),
        ("not-found", 404),
        ("stage", 200),
        ("function-url", 200),
        ("rest-api", 200),
        ("load-balancer", 200),
        ("lattice", 200),
        ("lattice-1", 200),
    ],
)
def test_predict_example_event_returns_expected_status(emulator: Emulator, event: str, status: int) -> None:
    answer = emulator.invoke(EVENTS[event])
    assert answer["statusCode"] == status, answer
    assert answer["headers"]["content-type"] == "application/json"
    assert ("error" in answer["body"]) == (status != 200)


def test_predict_tests_cover_every_example_event() -> None:
    plain = {"predict", "predict-rows", "predict-image", "models", "ready", "bad-json", "not-found"}
    assert set(EVENTS) == {*plain, "stage", "function-url", *OTHER_FORMATS}


def test_predict_direct_invocation_and_warmer_are_answered(emulator: Emulator) -> None:
    direct, warmer, schedule = (
        json.loads((ROOT / "events" / f"{name}.json").read_text()) for name in ("direct", "warmer", "schedule")
    )
    assert emulator.invoke(direct)["model"] == "quickstart"
    assert emulator.invoke(warmer) == emulator.invoke(schedule) == {"status": "live"}
    for event in ([1], {"Records": []}):
        assert emulator.invoke(event)["error"]["code"] == "invalid_input"  # type: ignore[arg-type]


def test_predict_base_path_is_removed(registries: Registries) -> None:
    environment = {"LIGHTSHIP_REGISTRY": str(registries.examples), "LIGHTSHIP_BASE_PATH": "ml"}
    with Emulator(environment=environment) as emulator:
        assert emulator.invoke(changed("predict", rawPath="/ml/predict"))["statusCode"] == 200
        assert emulator.invoke(EVENTS["predict"])["statusCode"] == 200


def test_predict_cold_and_warm_answers_are_equal(registries: Registries) -> None:
    with Emulator(environment={"LIGHTSHIP_REGISTRY": str(registries.examples)}) as fresh:
        answers = [fresh.invoke(EVENTS["predict"]) for _ in range(3)]
    ((value,),) = body(answers[0])
    assert 0 < value < 1
    assert answers[0] == answers[1] == answers[2]


def test_predict_image_event_is_decoded(emulator: Emulator) -> None:
    record = body(emulator.invoke(EVENTS["predict-image"]))
    assert record["model"] == "digits"
    assert len(record["predictions"][0]) == 10
    broken = base64.b64encode(base64.b64decode(EVENTS["predict-image"]["body"])[:40]).decode()
    answer = emulator.invoke(changed("predict-image", body=broken))
    assert answer["statusCode"] == 400
    assert body(answer)["error"]["code"] == "invalid_input"
    assert "image" in body(answer)["error"]["message"]


@pytest.mark.parametrize("text", ["", "null", "[]", '{"input": NaN}', '{"input": [1, 2]}', '{"input": ' + "[" * 500])
def test_predict_bad_body_is_400(emulator: Emulator, text: str) -> None:
    answer = emulator.invoke(with_body(text))
    assert answer["statusCode"] == 400
    assert body(answer)["error"]["code"] == "invalid_input"


def test_predict_docs_page_is_served(emulator: Emulator) -> None:
    event = changed("models", rawPath="/docs")
    page = emulator.invoke(event)
    assert page["statusCode"] == 200
    assert "swagger-ui" in page["body"]


def test_predict_answer_too_large_for_lambda_is_413(registries: Registries) -> None:
    environment = {"LIGHTSHIP_REGISTRY": str(registries.small), "LIGHTSHIP_DEFAULT_MODEL": "wide"}
    with Emulator(environment=environment) as emulator:
        answer = emulator.invoke(with_body(json.dumps({"input": [[0.1234567]] * 10})))
        assert answer["statusCode"] == 413
        assert "6225920" in answer["body"]
        assert emulator.invoke(with_body('{"input": [0.5]}'))["statusCode"] == 200


def test_predict_without_model_starts_and_names_missing_model(tmp_path: Path) -> None:
    with Emulator(environment={"LIGHTSHIP_REGISTRY": str(tmp_path)}) as emulator:
        answer = emulator.invoke(EVENTS["predict"])
        assert answer["statusCode"] == 404
        assert "'quickstart'" in answer["body"]
        assert emulator.invoke(EVENTS["ready"])["statusCode"] == 503


def test_predict_without_configured_token_is_401(registries: Registries) -> None:
    environment = {"LIGHTSHIP_REGISTRY": str(registries.examples), "LIGHTSHIP_TOKEN": "sesame"}
    with Emulator(environment=environment) as emulator:
        assert emulator.invoke(EVENTS["predict"])["statusCode"] == 401


def test_emulator_printed_curl_command_succeeds() -> None:
    command = [sys.executable, "-u", "-m", "tests.emulator"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = next(line for line in process.stdout if line.startswith("curl"))
            answer = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=True)
        finally:
            process.send_signal(signal.SIGINT)
    assert json.loads(answer.stdout)["statusCode"] == 200
    assert process.returncode == 0
