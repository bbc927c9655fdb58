"""Test the admission of requests by their headers, for every route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lightship.app.messages import ASGIApp
from lightship.dispatch.admission import LOOPBACK
from tests.app.asgi import Exchange, ask
from tests.bundles import Registries
from tests.serve import WAYS, core

BODY = b'{"input": [1.0, 2.0, 3.0]}'
HOST = ("host", "localhost:8000")
TOKEN = ("authorization", "Bearer sesame")


# Creates an application with the settings of a test.
Make = Callable[..., ASGIApp]


@pytest.fixture(params=WAYS)
def make(request: pytest.FixtureRequest, registries: Registries) -> Make:
    return lambda **settings: request.param(core(registries.examples, **settings))


def post(app: ASGIApp, *headers: tuple[str, str], path: str = "/predict", **options: Any) -> Exchange:
    return ask(app, "POST", path, body=[BODY], headers=headers, **options)


@pytest.mark.parametrize("path", ["/predict", "/v1/models/quickstart:predict", "/invocations", "/jobs", "/nowhere"])
def test_request_without_token_is_refused_before_reading_body(make: Make, path: str) -> None:
    done = post(make(token="sesame"), HOST, path=path)
    assert (done.status, done.received_before_answer) == (401, 0)
    assert done.headers["www-authenticate"] == "Bearer"


def test_request_for_forbidden_route_is_refused_before_reading_body(
    make: Make,
) -> None:
    done = post(make(), HOST, path="/v2/repository/models/quickstart/load")
    assert (done.status, done.received_before_answer) == (403, 0)
    done = ask(make(), "PUT", "/predict", body=[BODY], headers=[HOST])
    assert (done.status, done.received_before_answer) == (405, 0)


def test_refused_body_is_read_up_to_limit_and_dropped(make: Make) -> None:
    done = ask(make(token="sesame"), "POST", "/predict", body=[bytes(30_000)] * 1000, headers=[HOST])
    assert done.status == 401
    assert 1 < done.received <= 5


def test_refused_client_expecting_100_continue_sends_no_body(make: Make) -> None:
    assert post(make(token="sesame"), HOST, ("expect", "100-continue")).received == 0


@pytest.mark.parametrize(
    ("headers", "options", "status", "code"),
    [
        ([HOST, *((f"x-{number}", "1") for number in range(200))], {}, 431, "headers_too_large"),
        ([HOST, ("x-long", "x" * 40_000)], {}, 431, "headers_too_large"),
        ([HOST], {"query": b"q" * 9_000}, 414, "url_too_long"),
        ([HOST], {"path": "/models/" + "x" * 9_000}, 414, "url_too_long"),
        ([], {}, 400, "invalid_input"),
        ([HOST, HOST], {}, 400, "invalid_input"),
        ([HOST, HOST], {"version": "1.0"}, 400, "invalid_input"),
        ([HOST, ("content-length", "3"), ("transfer-encoding", "chunked")], {}, 400, "invalid_input"),
    ],
)
def test_head_beyond_limits_is_refused(
    make: Make, headers: list[tuple[str, str]], options: dict[str, Any], status: int, code: str
) -> None:
    done = post(make(), *headers, **options)
    assert (done.status, done.code, done.received_before_answer) == (status, code, 0)
    assert done.headers["x-correlation-id"]


@pytest.mark.parametrize("version", ["1.0", "2"])
def test_request_without_host_is_answered_before_and_after_http_1_1(make: Make, version: str) -> None:
    assert post(make(), version=version).status == 200


@pytest.mark.parametrize(
    ("path", "token"), [("/predict", None), ("/nowhere", None), ("/docs", None), ("/predict", "sesame")]
)
def test_response_has_correlation_id_of_request(make: Make, path: str, token: str | None) -> None:
    app = make(token=token)
    named = post(app, HOST, ("x-correlation-id", "abc-1"), path=path)
    assert named.headers["x-correlation-id"] == "abc-1"
    unnamed = {post(app, HOST, path=path).headers["x-correlation-id"] for _ in range(2)}
    assert len(unnamed) == 2


def test_correlation_id_is_not_repeated_on_next_response(make: Make) -> None:
    app = make()
    for name in ("one", "two"):
        done = ask(app, "GET", "/ping", headers=[HOST, ("x-correlation-id", name)])
        assert done.headers["x-correlation-id"] == name


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("[::1]", 200),
        ("attacker.example:8000", 403),
        ("localhost.attacker.example", 403),
        ("127.0.0.1.attacker.example", 403),
    ],
)
def test_host_other_than_loopback_is_refused_on_loopback(make: Make, host: str, status: int) -> None:
    assert post(make(allowed_hosts=LOOPBACK), ("host", host)).status == status


def test_host_is_accepted_if_allowed_or_unrestricted(make: Make) -> None:
    assert post(make(), ("host", "api.example.com")).status == 200
    assert post(make(allowed_hosts=("api.example.com",)), ("host", "api.example.com:443")).status == 200
    assert post(make(allowed_hosts=("*",)), ("host", "api.example.com")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "origin", "status"),
    [
        ("POST", "/predict", "http://localhost:8000", 200),
        ("POST", "/predict", "https://shop.example", 200),
        ("POST", "/predict", "https://attacker.example", 403),
        ("POST", "/predict", "http://localhost:3000", 403),
        ("POST", "/predict", "null", 403),
        ("POST", "/jobs", "https://attacker.example", 403),
        ("GET", "/models", "https://attacker.example", 200),
    ],
)
def test_unsafe_request_of_other_site_is_refused_on_loopback(
    make: Make, method: str, path: str, origin: str, status: int
) -> None:
    app = make(allowed_hosts=LOOPBACK, cors_origins=("https://shop.example",))
    assert ask(app, method, path, body=[BODY], headers=[HOST, ("origin", origin)]).status == status
