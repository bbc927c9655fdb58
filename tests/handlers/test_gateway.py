"""Gateway answers of the fast path, compared with those of Mangum."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mangum import Mangum

from lightship import create_app
from lightship.app.core import Core
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.serve import core, gateway

pytestmark = pytest.mark.usefixtures("mangum_loop")

# Events of payload 2.0; queues have others.
EVENTS = {path.stem: path for path in sorted((ROOT / "events").glob("*.json")) if '"rawPath"' in path.read_text()}
NOT_AS_MANGUM = {"stage", "function-url"}  # Mangum keeps the stage in the path


@pytest.fixture(scope="module")
def made(registries: Registries) -> Core:
    return core(registries.examples)


def load(path: Path, **fields: Any) -> dict[str, Any]:
    return json.loads(path.read_text()) | fields


def event_for(path: str, method: str = "GET") -> dict[str, Any]:
    event = load(EVENTS["models"], rawPath=path)
    event["requestContext"]["http"] |= {"path": path, "method": method}
    return event


REST = json.loads((ROOT / "events" / "rest-api.json").read_text())

CASES = [
    *(load(path) for name, path in EVENTS.items() if name not in NOT_AS_MANGUM),
    event_for("/nowhere"),
    event_for("/docs"),
    event_for("/openapi.json"),
    event_for("/jobs"),
    event_for("/jobs", "POST") | {"body": '{"upload": {"name": "a.csv"}}'},
    event_for("/jobs", "POST") | {"body": "{"},
    event_for("/jobs", "DELETE"),
    event_for("/jobs/x/cancel", "POST"),
    event_for("/predict"),
    event_for("/health/live", "DELETE"),
    load(EVENTS["predict"], body=None),
    load(EVENTS["predict"], body="x" * 200_000, isBase64Encoded=False),
    load(EVENTS["predict"], body=" " * 50_000 + '{"input": [1.0, 2.0, 3.0]}', isBase64Encoded=False),
    load(EVENTS["predict"], headers={"Content-Type": "application/xml"}),
    load(EVENTS["predict"], headers={"content-type": "application/json", "content-encoding": "br"}),
]


@pytest.mark.parametrize("event", CASES, ids=lambda event: event["rawPath"])
def test_gateway_event_has_same_answer_as_mangum_and_application(made: Core, event: dict[str, Any]) -> None:
    app = create_app(core=made)
    mangum = Mangum(app, lifespan="off")  # type: ignore[arg-type]
    answers = [gateway(made)(event, None), gateway(made, fast=False)(event, None), mangum(event, None)]
    for answer in answers:
        answer["headers"].pop("content-length", None)  # API Gateway sets its own
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    "event", [load(EVENTS["predict"]), event_for("/openapi.json"), REST], ids=["2.0", "a page", "1.0"]
)
@pytest.mark.parametrize(
    ("body", "encoded"),
    [("abc", True), ("%%%", True), ("\ud800", False)],
)
def test_gateway_undecodable_body_is_refused(made: Core, event: dict[str, Any], body: str, encoded: bool) -> None:
    answer = gateway(made)({**event, "body": body, "isBase64Encoded": encoded}, None)
    error = json.loads(answer["body"])["error"]
    assert (answer["statusCode"], error["code"]) == (400, "invalid_input")
    assert "body" in error["message"]
