"""The short way for API Gateway's events answers as Mangum does, which answers everything else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mangum import Mangum

from lightship import create_app
from lightship.app.core import Core
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.serve import core, gateway

# Those of the HTTP API; queues have others.
EVENTS = {path.stem: path for path in sorted((ROOT / "events").glob("*.json")) if '"rawPath"' in path.read_text()}
ELSEWHERE = {"stage", "function-url"}  # Mangum leaves a stage in the path


@pytest.fixture(scope="module")
def made(registries: Registries) -> Core:
    return core(registries.examples)


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """Mangum takes the thread's event loop, and leaves closing it to the end of the process."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def load(path: Path, **fields: Any) -> dict[str, Any]:
    return json.loads(path.read_text()) | fields


def at(path: str, method: str = "GET") -> dict[str, Any]:
    event = load(EVENTS["models"], rawPath=path)
    event["requestContext"]["http"] |= {"path": path, "method": method}
    return event


REST = json.loads((ROOT / "events" / "rest-api.json").read_text())

CASES = [
    *(load(path) for name, path in EVENTS.items() if name not in ELSEWHERE),
    at("/nowhere"),
    at("/docs"),
    at("/openapi.json"),
    at("/jobs"),
    at("/jobs", "POST") | {"body": '{"upload": {"name": "a.csv"}}'},
    at("/jobs", "POST") | {"body": "{"},
    at("/jobs", "DELETE"),
    at("/jobs/x/cancel", "POST"),
    at("/predict"),
    at("/health/live", "DELETE"),
    load(EVENTS["predict"], body=None),
    load(EVENTS["predict"], body="x" * 200_000, isBase64Encoded=False),
    load(EVENTS["predict"], body=" " * 50_000 + '{"input": [1.0, 2.0, 3.0]}', isBase64Encoded=False),
    load(EVENTS["predict"], headers={"Content-Type": "application/xml"}),
    load(EVENTS["predict"], headers={"content-type": "application/json", "content-encoding": "br"}),
]


@pytest.mark.parametrize("event", CASES, ids=lambda event: event["rawPath"])
def test_an_event_is_answered_as_by_mangum_and_the_application(made: Core, event: dict[str, Any]) -> None:
    app = create_app(core=made)
    mangum = Mangum(app, lifespan="off")  # type: ignore[arg-type]
    answers = [gateway(made)(event, None), gateway(made, fast=False)(event, None), mangum(event, None)]
    for answer in answers:
        answer["headers"].pop("content-length", None)  # which API Gateway counts itself
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("event", [load(EVENTS["predict"]), at("/openapi.json"), REST], ids=["2.0", "a page", "1.0"])
@pytest.mark.parametrize(
    ("body", "encoded"),
    [("abc", True), ("%%%", True), ("\ud800", False)],
)
def test_a_body_that_is_none_is_refused(made: Core, event: dict[str, Any], body: str, encoded: bool) -> None:
    answer = gateway(made)({**event, "body": body, "isBase64Encoded": encoded}, None)
    error = json.loads(answer["body"])["error"]
    assert (answer["statusCode"], error["code"]) == (400, "invalid_input")
    assert "body" in error["message"]
