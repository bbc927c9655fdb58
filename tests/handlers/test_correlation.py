"""The correlation id, from an HTTP header through messages and logs to receipts."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from lightship.dispatch.admission import Admission
from lightship.dispatch.cors import Cors
from lightship.dispatch.dispatcher import Dispatcher
from lightship.dispatch.entry import Entry
from lightship.handlers import score, split
from lightship.handlers.queues import QueueHandler
from lightship.jobs.cloud import Cloud
from lightship.protocols.http import Request
from tests.bundles import Registries
from tests.handlers.records import Context, bodies, failures, with_bodies
from tests.jobs.clouds import Clock, drop, moto_cloud, objects_below
from tests.jobs.faults.scenario import DATA
from tests.serve import core, fast_path

ID = "from-the-header-42"
KEY = "uploads/anonymous/1/p.csv"


class Ticking(Clock):
    """A clock that advances by one second per call, so that deadlines pass."""

    def __call__(self) -> float:
        self.seconds += 1.0
        return self.seconds


@pytest.fixture
def cloud(registries: Registries, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cloud]:
    monkeypatch.setenv("LIGHTSHIP_CACHE", str(tmp_path / "cache"))
    with moto_cloud(registries.examples, "quickstart") as made:
        yield replace(made, now=Ticking())


def post(cloud: Cloud, registries: Registries, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
    app = fast_path(core(registries.examples, jobs=lambda: cloud))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://lightship") as session:
            return await session.post("/jobs", json=body, headers=headers)

    return asyncio.run(ask())


def test_correlation_id_of_header_reaches_receipt(
    cloud: Cloud,
    registries: Registries,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    drop(cloud, KEY, DATA)
    body = {"model": "quickstart", "key": KEY, "options": {"chunk": 50}}
    with caplog.at_level(logging.INFO, "lightship"):
        answer = post(cloud, registries, body, {"x-correlation-id": ID})
    assert (answer.status_code, answer.headers["x-correlation-id"], answer.json()["correlation"]) == (202, ID, ID)
    assert any(answer.json()["id"] in text and ID in text for text in caplog.messages)
    capsys.readouterr()  # discard the API's line, printed if an earlier test has configured the logger

    functions = {
        "split": QueueHandler("split", lambda message: split.work(message, cloud)),
        "score": QueueHandler("score", lambda message: score.work(message, cloud)),
    }
    seen = []
    while cloud.sqs.sent:
        # Chunks first, so that all are done before the split ends and sends the message that finishes the job.
        cloud.sqs.sent.sort(key=lambda sent: sent[0])
        queue, message = cloud.sqs.sent.pop(0)
        event = with_bodies(queue, message)
        assert failures(functions[queue](event, Context(seconds=2.0))) == []
        (only,) = bodies(event)
        seen.append((queue, *(only.keys() - {"schema", "correlation", "hops"}), only["correlation"]))
    assert {(queue, kind) for queue, kind, _ in seen} == {("split", "split"), ("score", "chunk"), ("score", "finish")}
    assert {correlation for _, _, correlation in seen} == {ID}

    receipt = f"batch/quickstart/output/{answer.json()['id']}/receipt.json"
    assert json.loads(objects_below(cloud, receipt)[receipt])["correlation"] == ID

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logged = [line for line in lines if "level" in line]
    assert len(logged) >= len(seen)
    assert {(line["function"], line["correlation_id"]) for line in logged} == {("split", ID), ("score", ID)}


def test_entry_failed_request_is_logged_with_correlation_id(
    registries: Registries, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(loaded: Sequence[tuple[str, int]]) -> bytes:
        raise RuntimeError("the metrics cannot be written")

    dispatcher = Dispatcher(core(registries.examples).serving, metrics=broken)
    entry = Entry(dispatcher, Admission(dispatcher), Cors(), max_body=100)
    event = {"requestContext": {"requestId": "of-the-gateway"}}
    for headers, expected in [({}, "of-the-gateway"), ({"x-correlation-id": ID}, ID)]:
        caplog.clear()
        response = entry.answer(Request("GET", "/metrics", "", headers), event)
        assert response is not None
        assert (response.status, response.headers["x-correlation-id"]) == (500, expected)
        (logged,) = caplog.messages
        assert "GET /metrics" in logged
        assert expected in logged
