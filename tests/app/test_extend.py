"""Test the examples of docs/extend.md on Lambda and as ASGI applications."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from snapshot_restore_py import get_after_restore

from lightship import create_app, handler_for
from lightship.app.application import Application
from lightship.errors import SettingError
from tests.app import asgi
from tests.bundles import Registries
from tests.emulator import ROOT
from tests.serve import core

BODY = b'{"input": [1.0, 2.0, 3.0]}'
TITLES = (
    "A route of your own",
    "Middleware",
    "A dependency for every route",
    "A lifespan",
    "The fast path",
    "Snapshots",
)


def examples() -> dict[str, str]:
    """Return the page's Python examples by heading."""
    sections = re.split(r"^## (.*)$", (ROOT / "docs" / "extend.md").read_text(), flags=re.MULTILINE)
    found = dict(zip(sections[1::2], sections[2::2], strict=True))
    code = {
        title: re.search(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) for title, text in found.items()
    }
    return {title: match[1] for title, match in code.items() if match}


@pytest.fixture(autouse=True)
def environment(registries: Registries, monkeypatch: pytest.MonkeyPatch, mangum_loop: None) -> None:
    monkeypatch.setenv("LIGHTSHIP_REGISTRY", str(registries.examples))
    monkeypatch.setenv("LIGHTSHIP_DEFAULT_MODEL", "quickstart")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "predict")


def run(title: str) -> SimpleNamespace:
    names: dict[str, Any] = {"__name__": "app"}
    exec(compile(examples()[title], f"docs/extend.md: {title}", "exec"), names)  # noqa: S102 - our own page
    return SimpleNamespace(**names)


def event(method: str, path: str, body: bytes = b"", **headers: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "events" / "predict.json").read_text())
    found["requestContext"]["http"] |= {"path": path, "method": method}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return found | {"rawPath": path, "body": body.decode(), "headers": {"host": "h", **named}}


def test_page_has_exactly_tested_examples() -> None:
    assert tuple(examples()) == TITLES


@pytest.mark.parametrize("title", TITLES)
def test_example_answers_predictions(title: str) -> None:
    answer = run(title).handler(event("POST", "/predict", BODY, x_tenant="a"), None)
    assert (answer["statusCode"], len(json.loads(answer["body"]))) == (200, 1)


def test_user_route_has_caller_and_correlation_id() -> None:
    answer = run("A route of your own").handler(event("GET", "/whoami", x_correlation_id="abc-1"), None)
    assert json.loads(answer["body"]) == {"caller": "arn:aws:iam::123456789012:user/example", "correlation": "abc-1"}
    assert answer["headers"]["x-correlation-id"] == "abc-1"


def test_user_route_is_in_openapi_document() -> None:
    answer = run("A route of your own").handler(event("GET", "/openapi.json"), None)
    assert {"/whoami", "/predict", "/jobs"} <= set(json.loads(answer["body"])["paths"])


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE"])
def test_user_route_follows_http_rules(method: str) -> None:
    answer = run("A route of your own").handler(event(method, "/whoami"), None)
    status, allow = {"HEAD": (200, None), "OPTIONS": (204, "GET, HEAD, OPTIONS"), "DELETE": (405, "GET")}[method]
    assert (answer["statusCode"], answer["headers"].get("allow")) == (status, allow)


def test_middleware_sees_admitted_requests_only() -> None:
    handler = run("Middleware").handler
    for path, method, body in [("/predict", "POST", BODY), ("/models", "GET", b""), ("/openapi.json", "GET", b"")]:
        assert handler(event(method, path, body), None)["headers"]["x-region"] == "eu-west-1"
    refused = handler(event("POST", "/v2/repository/models/quickstart/load"), None)
    assert refused["statusCode"] == 403
    assert "x-region" not in refused["headers"]


@pytest.mark.parametrize("path", ["/predict", "/v1/models/quickstart:predict", "/models/quickstart/predict"])
def test_dependency_applies_to_predictions(path: str) -> None:
    body = b'{"instances": [[1, 2, 3]]}' if path.startswith("/v1") else BODY
    handler = run("A dependency for every route").handler
    assert handler(event("POST", path, body), None)["statusCode"] == 400
    assert handler(event("POST", path, body, x_tenant="a"), None)["statusCode"] == 200


def test_lifespan_state_is_available_to_routes() -> None:
    answer = run("A lifespan").handler(event("GET", "/greeting"), None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, "ahoy")


def test_fast_path_answers_user_routes_and_predictions() -> None:
    handler = run("The fast path").handler
    assert json.loads(handler(event("GET", "/about"), None)["body"]) == {"owner": "risk team"}
    assert handler(event("GET", "/models"), None)["statusCode"] == 200


def with_middleware() -> Application:
    app = create_app()
    app.add_middleware(GZipMiddleware)
    return app


def with_shadow(path: str) -> Callable[[], Application]:
    def create() -> Application:
        app = create_app()
        app.get(path)(lambda: {})
        return app

    return create


def with_mount() -> Application:
    app = create_app()
    app.mount("/v2", FastAPI())
    return app


def with_handler() -> Application:
    app = create_app()
    app.add_exception_handler(ValueError, lambda request, error: None)  # type: ignore[arg-type, return-value]
    return app


@pytest.mark.parametrize(
    ("create", "named"),
    [
        (with_middleware, "middleware"),
        (lambda: create_app(dependencies=[Depends(lambda: None)]), "dependencies"),
        (lambda: create_app(lifespan=lambda app: None), "lifespan"),
        (with_handler, "exception handlers"),
        (with_shadow("/predict"), "routes"),
        (with_shadow("/models/{name}"), "routes"),
        (with_shadow("/{rest:path}"), "routes"),
        (with_mount, "routes"),
    ],
)
def test_fast_path_skipping_extensions_is_refused(create: Callable[[], Application], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        handler_for(create, fast_path=True)
    assert handler_for(create).core is not None


def test_user_route_at_protocol_path_takes_precedence() -> None:
    handler = handler_for(with_shadow("/models"))
    assert handler(event("GET", "/models"), None)["body"] == "{}"
    assert handler(event("GET", "/models/quickstart"), None)["statusCode"] == 200


def test_user_method_at_protocol_path_is_answered() -> None:
    handler = handler_for(with_shadow("/predict"))
    assert handler(event("GET", "/predict"), None)["statusCode"] == 200
    assert handler(event("POST", "/predict", BODY), None)["statusCode"] == 200
    assert handler(event("PUT", "/predict"), None)["headers"]["allow"] == "GET, POST"


def test_exception_of_user_route_is_500_and_logged_with_correlation_id(
    registries: Registries, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(core=core(registries.examples))

    @app.get("/fails")
    def fails() -> None:
        raise RuntimeError("a secret")

    done = asgi.ask(app, "GET", "/fails", headers=[("host", "h"), ("x-correlation-id", "abc-2")])
    assert (done.status, done.code, done.headers["x-correlation-id"]) == (500, "internal", "abc-2")
    assert b"secret" not in done.body
    assert "correlation abc-2" in caplog.text


def test_http_exception_of_user_route_has_fastapi_format(registries: Registries) -> None:
    app = create_app(core=core(registries.examples))

    @app.get("/items/{item}")
    def read(item: int) -> None:
        from fastapi import HTTPException

        raise HTTPException(404, f"no item {item}")

    done = asgi.ask(app, "GET", "/items/5")
    assert (done.status, json.loads(done.body)) == (404, {"detail": "no item 5"})


def test_user_routes_with_trailing_slash_and_head_are_kept(registries: Registries) -> None:
    app = create_app(core=core(registries.examples))
    app.get("/items/")(lambda: "slash")
    app.head("/own")(lambda: None)
    assert asgi.ask(app, "GET", "/items/").body == b'"slash"'
    assert asgi.ask(app, "HEAD", "/own").status == 200
    assert asgi.ask(app, "GET", "/own").status == 405


@pytest.mark.parametrize(
    ("settings", "client", "status"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "::1", 200),
        ({}, "192.0.2.1", 403),
        ({"LIGHTSHIP_ALLOW_ANONYMOUS": "1"}, "192.0.2.1", 200),
        ({}, "::ffff:127.0.0.1", 200),
        ({}, "::ffff:192.0.2.1", 403),
        ({"LIGHTSHIP_TOKEN": "sesame"}, "192.0.2.1", 401),
    ],
)
def test_server_without_token_refuses_other_machines(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], client: str, status: int
) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    app = create_app()

    async def from_client(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "client": (client, 1)}, receive, send)

    assert asgi.ask(from_client, "POST", "/predict", body=[BODY]).status == status


def test_server_counts_requests_of_every_route(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME")
    app = create_app()
    app.get("/about")(lambda: "us")
    for path in ("/about", "/models", "/nowhere"):
        asgi.ask(app, "GET", path)
    text = asgi.ask(app, "GET", "/metrics").body.decode()
    for route in ('route="/about"', 'route="/models"', 'status="404"'):
        assert route in text


def test_websocket_is_closed(registries: Registries) -> None:
    app, sent = create_app(core=core(registries.examples)), []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    asyncio.run(app({"type": "websocket", "path": "/predict", "headers": []}, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_handler_for_other_application_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="FastAPI"):
        handler_for(FastAPI)  # type: ignore[arg-type]


def test_hook_of_user_renews_state_of_snapshot() -> None:
    example = run("Snapshots")
    before = dict(example.process)
    hook, arguments, named = get_after_restore()[-1]
    hook(*arguments, **named)
    assert example.process != before
