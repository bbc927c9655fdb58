"""The Lambda image through the SAM CLI, as in docs/deploy.md."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import boto3
import botocore
import httpx
import pytest
from botocore.config import Config

pytestmark = pytest.mark.docker

EVENTS = Path(__file__).parents[2] / "events"
STATUS = {
    "predict": 200,
    "predict-rows": 200,
    "predict-image": 200,
    "models": 200,
    "ready": 200,
    "bad-json": 400,
    "not-found": 404,
    "stage": 200,
    "function-url": 200,
}
HEADERS = {"content-type": "application/json"}

Server = Callable[[str], AbstractContextManager[str]]


def event(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"{name}.json").read_text())


def check(name: str, answer: Any) -> None:
    """Check that an answer is the expected one of the event ``name``."""
    match name:
        case "predict" | "predict-rows":
            assert [len(row) for row in answer] == [1] * (2 if name == "predict-rows" else 1)
            assert all(0 <= row[0] <= 1 for row in answer)
        case "stage":
            assert len(answer) == 1
        case "function-url":
            assert answer["model"] == "quickstart"
        case "predict-image":  # the first of scikit-learn's digits, a zero
            assert answer["model"] == "digits"
            (scores,) = answer["predictions"]
            assert scores.index(max(scores)) == 0
        case "models":
            assert {"quickstart", "digits"} <= {model["name"] for model in answer["models"]}
        case "ready":
            assert answer["status"] == "ready"
        case _:
            assert answer["error"]["message"]


def test_sam_tests_cover_every_example_event() -> None:
    assert {path.stem for path in EVENTS.glob("*.json") if '"rawPath"' in path.read_text()} == STATUS.keys()


@pytest.mark.parametrize("name", STATUS)
def test_sam_local_invoke_answers_example_event(sam: Any, image: str, name: str) -> None:
    done = sam("local", "invoke", "PredictFunction", "-e", f"events/{name}.json")
    response = json.loads(done.stdout)
    assert response["statusCode"] == STATUS[name], response
    check(name, json.loads(response["body"]))


@pytest.fixture
def api(sam_server: Server) -> Iterator[httpx.Client]:
    with sam_server("start-api") as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def test_sam_local_start_api_answers_example_events(api: httpx.Client) -> None:
    """Send the events' requests over HTTP; images as bytes, see sam-cli issue #3110."""
    for name, status in STATUS.items():
        if name in {"stage", "function-url"}:
            continue  # sam local is an HTTP API with the stage $default
        request = event(name)
        body = request.get("body", "")
        response = api.request(
            request["requestContext"]["http"]["method"],
            request["rawPath"],
            content=base64.b64decode(body) if request["isBase64Encoded"] else body,
            headers={key: value for key, value in request["headers"].items() if key == "content-type"},
        )
        assert response.status_code == status, (name, response.text)
        check(name, response.json())

    document = api.get("/openapi.json").json()
    assert "/predict" in document["paths"]
    assert "html" in api.get("/docs").headers["content-type"]


def test_sam_local_start_lambda_answers_example_events(sam_server: Server) -> None:
    with sam_server("start-lambda") as url:
        anonymous = Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1})
        client = boto3.client("lambda", endpoint_url=url, region_name="eu-west-1", config=anonymous)
        for name, status in STATUS.items():
            reply = client.invoke(FunctionName="PredictFunction", Payload=json.dumps(event(name)))
            response = json.loads(reply["Payload"].read())
            assert response["statusCode"] == status
            check(name, json.loads(response["body"]))


@pytest.fixture
def python_in_image(docker: Any, image: str) -> Callable[..., str]:
    def run(code: str, *options: str, stdin: str = "") -> str:
        arguments = ["--rm", "--interactive", *options, "--entrypoint", "python", image, "-c", code]
        return str(docker("run", *arguments, stdin=stdin))

    return run


def test_image_handler_runs_with_permissions_of_lambda(python_in_image: Any) -> None:
    """Run with Lambda's restrictions; `sam local` runs as root and writable."""
    code = "import app, json, sys; print(json.dumps(app.handler(json.load(sys.stdin), None)))"
    bounds = ("--user", "993:990", "--read-only", "--cap-drop", "ALL", "--network", "none")
    output = python_in_image(
        code, *bounds, "--env", "LIGHTSHIP_DEFAULT_MODEL=quickstart", stdin=json.dumps(event("predict"))
    )
    response = json.loads(output.splitlines()[-1])
    assert response["statusCode"] == 200
    check("predict", json.loads(response["body"]))


def test_image_modules_are_compiled(python_in_image: Any) -> None:
    """Every cold start without .pyc files takes twice as long: the disk is read-only."""
    code = (
        "import importlib.util, pathlib\n"
        "compiled = lambda path: pathlib.Path(importlib.util.cache_from_source(str(path))).exists()\n"
        "print(*[path for path in pathlib.Path().rglob('*.py') if not compiled(path)])"
    )
    assert python_in_image(code) == ""
