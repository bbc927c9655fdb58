"""Test user extensions of the application against the rules for every request."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.routing import Host
from starlette.types import ASGIApp, Receive, Scope, Send

from lightship import create_app, handler_for
from lightship.app.application import Application
from lightship.app.asgi import AsgiEntry
from lightship.app.observed import Observed
from lightship.errors import SettingError
from lightship.telemetry.exchange import Exchange
from tests.app import asgi
from tests.app.test_extend import BODY, environment, event
from tests.bundles import Registries
from tests.serve import core, fast_path, gateway

__all__ = ["environment"]

HOST = ("host", "h")


@pytest.fixture
def app(registries: Registries) -> Application:
    return create_app(core=core(registries.examples))


@pytest.fixture
def protected(registries: Registries) -> Application:
    return create_app(core=core(registries.examples, token="sesame"))


class Rewrite:
    """Middleware that rewrites an open path to another one."""

    def __init__(self, app: ASGIApp, to: str) -> None:
        self._app, self._to = app, to

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "path": self._to}, receive, send)


@pytest.mark.parametrize("path", ["/", "/health/{what}", "/docs"])
def test_user_route_at_open_path_requires_token(protected: Application, path: str) -> None:
    protected.get(path)(lambda: "mine")
    assert asgi.ask(protected, "GET", path.replace("{what}", "live")).status == 401


@pytest.mark.parametrize("to", ["/openapi.json", "/jobs", "/models", "/mine"])
def test_middleware_rewriting_open_path_requires_token(protected: Application, to: str) -> None:
    protected.get("/mine")(lambda: "mine")
    protected.add_middleware(Rewrite, to=to)
    assert asgi.ask(protected, "GET", "/health/live").status == 401


def test_open_routes_of_extended_application_need_no_token(protected: Application) -> None:
    assert asgi.ask(protected, "GET", "/health/live").status == 200
    assert asgi.ask(protected, "GET", "/docs").status == 200


def zipped(path: str, body: bytes) -> dict[str, Any]:
    packed = base64.b64encode(gzip.compress(body)).decode()
    made = event("POST", path, b"", content_encoding="gzip", content_type="application/json")
    return made | {"body": packed, "isBase64Encoded": True}


def test_gzip_body_of_job_request_is_inflated_once_on_lambda(registries: Registries) -> None:
    handler = gateway(core(registries.examples))
    plain = handler(event("POST", "/jobs", b"{}", content_type="application/json"), None)
    packed = handler(zipped("/jobs", b"{}"), None)
    assert (packed["statusCode"], packed["body"]) == (plain["statusCode"], plain["body"])


def test_inflated_body_has_matching_headers(app: Application) -> None:
    @app.post("/echo")
    async def echo(request: Request) -> dict[str, Any]:
        named = {name: request.headers.get(name) for name in ("content-length", "content-encoding")}
        return {"length": len(await request.body()), **named}

    headers = [HOST, ("content-encoding", "gzip"), ("content-length", "30")]
    done = asgi.ask(app, "POST", "/echo", body=[gzip.compress(b"x" * 500)], headers=headers)
    assert json.loads(done.body) == {"length": 500, "content-length": "500", "content-encoding": None}


@pytest.mark.parametrize(
    "path", ["/models/quickstart/predict", "/models/quickstart", "/models/quickstart/versions/latest/predict"]
)
def test_fast_path_with_route_of_one_model_is_refused(path: str) -> None:
    def create() -> Application:
        app = create_app()
        router = APIRouter()
        router.post(path)(lambda: {})
        app.include_router(router)
        return app

    with pytest.raises(SettingError, match="routes"):
        handler_for(create, fast_path=True)


def test_fast_path_with_host_route_is_refused() -> None:
    def create() -> Application:
        app = create_app()
        app.router.routes.append(Host("h", FastAPI()))
        return app

    with pytest.raises(SettingError, match="routes"):
        handler_for(create, fast_path=True)


def test_correlation_id_is_sent_once(app: Application) -> None:
    app.get("/x")(lambda: Response("", headers={"x-correlation-id": "mine"}))
    sent: list[tuple[bytes, bytes]] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def watching(message: Any) -> None:
            sent.extend(message.get("headers", []))
            await send(message)

        await app(scope, receive, watching)

    asgi.ask(watched, "GET", "/x", headers=[HOST, ("x-correlation-id", "ours")])
    assert [value for name, value in sent if name == b"x-correlation-id"] == [b"ours"]


def test_interrupted_response_on_lambda_is_500() -> None:
    def create() -> Application:
        app = create_app()

        def parts() -> Any:
            yield b"one"
            raise RuntimeError("broken")

        app.get("/stream")(lambda: StreamingResponse(parts()))
        return app

    assert handler_for(create)(event("GET", "/stream"), None)["statusCode"] == 500


def with_cookies() -> Application:
    app = create_app()

    @app.get("/cookies")
    def cookies(request: Request, response: Response) -> dict[str, str]:
        response.set_cookie("c", "3")
        response.set_cookie("d", "4")
        return request.cookies

    return app


def test_cookies_on_lambda_pass_in_both_directions() -> None:
    answer = handler_for(with_cookies)(event("GET", "/cookies") | {"cookies": ["a=1", "b=2"]}, None)
    assert json.loads(answer["body"]) == {"a": "1", "b": "2"}
    assert len(answer["cookies"]) == 2


def test_cookies_behind_load_balancer_are_multi_value_headers() -> None:
    sent = {
        "requestContext": {"elb": {}},
        "httpMethod": "GET",
        "path": "/cookies",
        "body": "",
        "isBase64Encoded": False,
    }
    sent |= {"multiValueHeaders": {"host": ["h"]}, "multiValueQueryStringParameters": {}}
    answer = handler_for(with_cookies)(sent, None)
    assert len(answer["multiValueHeaders"]["set-cookie"]) == 2


@pytest.mark.parametrize("path", ["/api/predict", "/api/mine"])
def test_root_path_prefixes_every_route(app: Application, path: str) -> None:
    app.post("/mine")(lambda: {})

    async def rooted(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "root_path": "/api"}, receive, send)

    assert asgi.ask(rooted, "POST", path, body=[BODY]).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/prod/mine", 200),
        ("DELETE", "/prod/mine", 405),
        ("GET", "/prod/prod/mine", 404),
        ("POST", "/prod/predict", 200),
        ("OPTIONS", "/prod/mine", 204),
    ],
)
def test_stage_prefixes_every_route(method: str, path: str, status: int) -> None:
    def create() -> Application:
        app = create_app()
        app.get("/mine")(lambda: "mine")
        return app

    sent = event(method, path, BODY if method == "POST" else b"")
    sent["requestContext"] |= {"stage": "prod"}
    answer = handler_for(create)(sent, None)
    assert (answer["statusCode"], status != 405 or answer["headers"]["allow"]) == (status, status != 405 or "GET")


def test_request_without_token_does_not_create_application(registries: Registries) -> None:
    made = core(registries.examples, token="sesame")

    def make() -> Application:
        raise AssertionError("FastAPI is imported for a request that is refused")

    assert asgi.ask(AsgiEntry(made, make, fast_path=True), "GET", "/x/").status == 401


def test_concurrent_first_requests_create_one_application(registries: Registries) -> None:
    made = core(registries.examples, threads=True)
    applications: list[Application] = []

    def make() -> Application:
        applications.append(create_app(core=made))
        return applications[-1]

    entry = AsgiEntry(made, make, fast_path=True)

    async def at_once() -> None:
        await asyncio.gather(*(asgi.exchange(entry, "GET", "/openapi.json") for _ in range(3)))

    asyncio.run(at_once())
    assert len(applications) == 1


def test_application_failing_to_import_is_500_with_correlation_id(registries: Registries) -> None:
    def make() -> Application:
        raise ImportError("no fastapi")

    done = asgi.ask(AsgiEntry(core(registries.examples), make, fast_path=True), "GET", "/jobs")
    assert (done.status, done.code) == (500, "internal")
    assert done.headers["x-correlation-id"]


Answer = Callable[[Request], Awaitable[Response]]


def test_metrics_of_response_by_middleware_have_route(app: Application) -> None:
    async def refuse(request: Request, call_next: Answer) -> Response:
        return Response("no", 403) if request.url.path == "/predict" else await call_next(request)

    app.middleware("http")(refuse)
    seen: list[Exchange] = []
    for method, path in (("POST", "/predict"), ("GET", "/openapi.json"), ("GET", "/jobs")):
        asgi.ask(Observed(app, [seen.append]), method, path)
    assert [(exchange.status, exchange.route) for exchange in seen] == [
        (403, "/predict"),
        (200, "/openapi.json"),
        (404, "/jobs"),
    ]


def test_request_state_of_user_middleware_is_separate(app: Application) -> None:
    async def remember(request: Request, call_next: Answer) -> Response:
        request.state.request = request.state.steps = "mine"
        return await call_next(request)

    app.middleware("http")(remember)
    assert asgi.ask(app, "POST", "/predict", body=[BODY]).status == 200


def run_lifespan(app: ASGIApp) -> None:
    """Start an application, send a prediction request, and stop it, as a server does."""

    async def ask() -> None:
        messages = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> Any:
            kind = next(messages)
            if kind == "lifespan.shutdown":
                assert (await asgi.exchange(app, "POST", "/predict", body=[BODY])).status == 200
            return {"type": kind}

        async def send(message: Any) -> None:
            assert not message["type"].endswith("failed"), message

        await app({"type": "lifespan", "state": {}}, receive, send)

    asyncio.run(ask())


def test_application_lifespan_runs_more_than_once(registries: Registries) -> None:
    app = create_app(core=core(registries.examples, threads=True))
    run_lifespan(app)
    run_lifespan(app)


def test_application_runs_startup_handlers_and_router_lifespans(registries: Registries) -> None:
    ran: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ran.append("router")
        yield

    app = create_app(core=core(registries.examples), on_startup=[lambda: ran.append("startup")])
    app.include_router(APIRouter(lifespan=lifespan))
    assert app.lifespan_mode == "auto"
    run_lifespan(app)
    assert sorted(ran) == ["router", "startup"]


def test_handler_of_extended_application_needs_no_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME")
    handler = handler_for(partial(create_app))
    for _ in range(2):
        assert handler(event("POST", "/predict", BODY), None)["statusCode"] == 200


def test_invalid_event_has_correlation_id(registries: Registries) -> None:
    answer = gateway(core(registries.examples))({"requestContext": {"http": {"method": "GET"}}}, None)
    assert answer["headers"]["x-correlation-id"]


def test_page_request_does_not_wait_for_loading_models(registries: Registries) -> None:
    made, loaded = core(registries.examples, threads=True), threading.Event()
    app, server = fast_path(made), made.server
    assert server is not None

    async def ask() -> int:
        loading = [asyncio.ensure_future(server.serving.in_load_thread(lambda: loaded.wait(60))) for _ in range(2)]
        done = await asgi.exchange(app, "GET", "/nowhere")
        assert not any(task.done() for task in loading)
        loaded.set()
        await asyncio.gather(*loading)
        return done.status

    assert asyncio.run(ask()) == 404
