"""Test the access log and the metrics of a server process."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.app.test_server import BODY, serving
from tests.bundles import Registries
from tests.telemetry.test_prometheus import samples

TOKEN = "s3cret-token"
SETTINGS = {
    "LIGHTSHIP_TOKEN": TOKEN,
    "LIGHTSHIP_DEFAULT_MODEL": "quickstart",
    "LIGHTSHIP_MAX_BODY_BYTES": "1000",
}
BEARER = {"authorization": f"Bearer {TOKEN}", "x-correlation-id": "my-id"}


def logged_lines(output: str) -> list[str]:
    """Return the access log's lines of a server's standard output, without its banner."""
    return [line for line in output.splitlines() if line.startswith("{")]


def ask(port: int) -> httpx.Response:
    """Send eight requests; return the response to the prediction."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        good = client.post("/predict?key=hidden", content=BODY, headers=BEARER)
        client.post("/predict", content=BODY)
        client.post("/predict", content=b"x" * 2000, headers=BEARER)
        client.post("/v2/models/quickstart/infer", content=b"{}", headers=BEARER)
        client.head("/models", headers=BEARER)
        client.get("/jobs/none", headers=BEARER)
        client.options("/predict")
        client.get("/health/live%1b%0aforged")
    return good


@pytest.mark.parametrize("way", [("--access-log",), ()], ids=["option", "variable"])
def test_access_log_enabled_writes_line_per_request_without_secrets(
    registries: Registries, way: tuple[str, ...]
) -> None:
    variable = {} if way else {"LIGHTSHIP_ACCESS_LOG": "1"}
    with serving(registries.examples, *way, **SETTINGS, **variable) as (process, port):
        good = ask(port)
        process.terminate()
        assert process.stdout is not None
        logged = logged_lines(process.stdout.read())
    assert good.status_code == 200
    lines: list[dict[str, Any]] = [json.loads(line) for line in logged]
    assert [(line["status"], line["error"]) for line in lines] == [
        (200, None),
        (401, "unauthenticated"),
        (413, "too_large"),
        (400, "invalid_input"),
        (200, None),
        (404, "not_found"),
        (204, None),
        (401, "unauthenticated"),
    ]
    first, refused, _, wrong, head, page, options, forged = lines
    assert (first["method"], first["path"], first["correlation"]) == ("POST", "/predict", "my-id")
    assert (first["model"], first["version"], first["rows"], first["caller"]) == ("quickstart", 1, 1, "token")
    assert first["bytes"] == len(good.content) and first["milliseconds"] > 0
    assert refused["model"] is None and refused["caller"] is None and len(refused["correlation"]) == 32
    assert (wrong["model"], wrong["version"], wrong["rows"]) == ("quickstart", 1, 0)
    assert (head["method"], head["bytes"]) == ("HEAD", 0)
    assert (page["path"], page["correlation"]) == ("/jobs/none", "my-id")
    assert forged["path"] == "/health/live%1b%0aforged"
    assert len(options["correlation"]) == 32
    assert [secret for secret in (TOKEN, "hidden", "1.0, 2.0") if secret in "".join(logged)] == []
    assert all(line.isprintable() for line in logged)


def test_access_log_of_disconnected_client_has_error_code(registries: Registries) -> None:
    with serving(registries.examples, "--access-log", **SETTINGS) as (process, port):
        head = (
            f"POST /predict HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 99\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(head.encode() + b"Content-Length: 99\r\n\r\n{")
        assert process.stdout is not None
        line = json.loads(next(text for text in process.stdout if text.startswith("{")))
    assert (line["status"], line["error"], line["bytes"]) == (0, "client_disconnected", 0)


def test_access_log_with_closed_reader_does_not_fail_shutdown(registries: Registries) -> None:
    with serving(registries.examples, "--access-log", LIGHTSHIP_DEFAULT_MODEL="quickstart") as (process, port):
        assert process.stdout is not None and process.stderr is not None
        next(line for line in process.stdout if line.startswith("curl"))  # the last of the banner
        process.stdout.close()
        for _ in range(3):
            assert httpx.post(f"http://127.0.0.1:{port}/predict", content=BODY, timeout=60).status_code == 200
        process.terminate()
        assert (process.wait(60), process.stderr.read()) == (0, "")


def test_access_log_by_default_writes_nothing(registries: Registries) -> None:
    with serving(registries.examples, LIGHTSHIP_DEFAULT_MODEL="quickstart") as (process, port):
        assert httpx.post(f"http://127.0.0.1:{port}/predict", content=BODY, timeout=60).status_code == 200
        process.terminate()
        assert process.stdout is not None
        assert logged_lines(process.stdout.read()) == []


@pytest.fixture(scope="module")
def port(registries: Registries) -> Iterator[int]:
    with serving(registries.examples, **SETTINGS) as (_, port):
        yield port


def test_metrics_count_requests_by_route_and_status(port: int) -> None:
    ask(port)
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=BEARER, timeout=60)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(answer.content)
    requests = {
        (labels["method"], labels["route"], labels["status"], labels["model"]): value
        for labels, value in ((dict(labels), value) for labels, value in found["lightship_requests_total"].items())
    }
    assert requests == {
        ("POST", "/predict", "200", "quickstart"): 1,
        ("POST", "/predict", "401", ""): 1,
        ("POST", "/predict", "413", ""): 1,
        ("POST", "/v2/models/{name}/infer", "400", "quickstart"): 1,
        ("HEAD", "/models", "200", ""): 1,
        ("GET", "/jobs/{job}", "404", ""): 1,
        ("OPTIONS", "", "204", ""): 1,
        ("GET", "", "401", ""): 1,
    }
    refusals = {dict(labels)["code"]: value for labels, value in found["lightship_refusals_total"].items()}
    assert refusals == {"unauthenticated": 2, "too_large": 1, "invalid_input": 1, "not_found": 1}
    assert found["lightship_rows_total"] == {(("model", "quickstart"), ("version", "1")): 1}
    assert (("model", "digits"), ("version", "1")) in found["lightship_model_loaded"]


def test_metrics_without_token_are_refused(port: int) -> None:
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
