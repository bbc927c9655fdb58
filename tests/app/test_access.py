"""The access log of a real server process: one line per request, refusals too, and nothing secret."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from lightship.telemetry.access import Access
from tests.app.test_server import BODY, serving
from tests.bundles import Registries

pytestmark = pytest.mark.alone

TOKEN = "s3cret-token"


def logged_lines(output: str) -> list[str]:
    """Return the access log's lines of a server's standard output, without its banner."""
    return [line for line in output.splitlines() if line.startswith("{")]


def test_access_log_switched_on_writes_a_line_per_request_and_no_secret(registries: Registries) -> None:
    settings = {
        "LIGHTSHIP_ACCESS_LOG": "1",
        "LIGHTSHIP_TOKEN": TOKEN,
        "LIGHTSHIP_DEFAULT_MODEL": "quickstart",
        "LIGHTSHIP_MAX_BODY_BYTES": "1000",
    }
    with serving(registries.examples, **settings) as (process, port):
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            bearer = {"authorization": f"Bearer {TOKEN}", "x-correlation-id": "my-id"}
            good = client.post("/predict?key=hidden", content=BODY, headers=bearer)
            client.post("/predict", content=BODY)
            client.post("/predict", content=b"x" * 2000, headers=bearer)
            client.head("/models", headers=bearer)
            client.get("/health/live%1b%0aforged")
        process.terminate()
        assert process.stdout is not None
        logged = logged_lines(process.stdout.read())
    assert good.status_code == 200
    lines: list[dict[str, Any]] = [json.loads(line) for line in logged]
    assert [line["status"] for line in lines] == [200, 401, 413, 200, 401]
    first, stranger, *_, head, forged = lines
    assert (first["method"], first["path"], first["correlation"]) == ("POST", "/predict", "my-id")
    assert (first["model"], first["version"], first["caller"]) == ("quickstart", 1, "token")
    assert first["bytes"] == len(good.content) and first["milliseconds"] > 0
    assert stranger["model"] is None and stranger["caller"] is None and len(stranger["correlation"]) == 32
    assert (head["method"], head["bytes"]) == ("HEAD", 0)
    assert forged["path"] == "/health/live\x1b\nforged"
    assert [secret for secret in (TOKEN, "hidden", "1.0, 2.0") if secret in "".join(logged)] == []
    assert all(line.isprintable() for line in logged)


def test_access_log_by_default_writes_nothing(registries: Registries) -> None:
    with serving(registries.examples, LIGHTSHIP_DEFAULT_MODEL="quickstart") as (process, port):
        assert httpx.post(f"http://127.0.0.1:{port}/predict", content=BODY, timeout=60).status_code == 200
        process.terminate()
        assert process.stdout is not None
        assert logged_lines(process.stdout.read()) == []


def test_line_with_control_characters_is_one_line_of_printable_ascii() -> None:
    line = Access("t", "c", "GET" * 20, "/\x00\n\r\x1b\x7f\x85\u2028\ud800" + "é" * 5000).line()
    assert line.isascii() and line.isprintable() and len(line) < 8000
    assert json.loads(line)["path"].startswith("/\x00\n\r\x1b\x7f\x85\u2028")
