"""Application: FastAPI with the routes of protocols and jobs, behind the entry.

Its OpenAPI document is FastAPI's own, merged with the descriptions of the protocols' routes (see
:mod:`lightship.app.document`).
"""

from __future__ import annotations

import inspect
import re
import weakref
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Host, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from lightship import protocols
from lightship.app.asgi import ADMITTED, AsgiEntry
from lightship.app.core import Core
from lightship.app.document import document
from lightship.app.jobs import LazyCloud, router
from lightship.app.jobs.errors import render
from lightship.app.messages import route_path
from lightship.app.observed import Observed
from lightship.app.routes import RequireCaller, protocol_routes
from lightship.dispatch.callers import TOKEN
from lightship.dispatch.dispatcher import internal_error
from lightship.dispatch.rules import canonical, protocol_methods
from lightship.errors import LightshipError, NotFound, SettingError
from lightship.version import __version__

_PARAMETER = re.compile(r"\{[^}]*\}")
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")


class Application(FastAPI):
    """A complete FastAPI application. Added routes match before its own.

    Args:
        core: settings, models and entry.
        lifespan: an additional lifespan, as for FastAPI.
        options: further parameters of :class:`fastapi.FastAPI`.
    """

    def __init__(self, core: Core, *, lifespan: Any = None, **options: Any) -> None:
        self.core = core
        self._given_lifespan = lifespan
        entry = AsgiEntry(core, lambda: self, fast_path=False)
        self._entry = Observed(entry, core.server.observers) if core.server else entry
        handlers = options.pop("exception_handlers", None)
        defaults = {"title": "Lightship", "version": __version__}
        hidden = {"docs_url": None, "redoc_url": None, "openapi_url": None}  # Lightship's are at the same paths
        super().__init__(**(defaults | options | hidden), lifespan=self._run_lifespan)
        self.state.jobs = LazyCloud(core.jobs)
        for kind in (HTTPException, LightshipError):
            self.add_exception_handler(kind, _render)
        self.add_exception_handler(Exception, _render_internal)
        self._own_handlers = {**self.exception_handlers}
        self._default_lifespan = self.router.lifespan_context
        self.exception_handlers.update(handlers or {})
        if core.server is not None:  # also closed at the end of the process; the lifespan may run more than once
            weakref.finalize(self, core.server.close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit a request and answer it.

        WebSocket connections, which are not admitted, are closed.
        """
        if scope["type"] == "http":
            await self._entry(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self.handle_admitted(scope, receive, send)

    async def handle_admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an admitted request: middleware, dependencies, routes."""
        await super().__call__(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Add Lightship's routes after those added before the first request."""
        self.router.routes.extend(protocol_routes(self, self.core.entry.dispatcher))
        self.include_router(router)
        self.router.add_api_route("/openapi.json", self._document, include_in_schema=False)
        self.user_middleware.append(Middleware(RequireCaller, routes=self.router.routes))
        return super().build_middleware_stack()

    def declared_methods(self, path: str) -> Collection[str]:
        """Return the methods of the routes for a path."""
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        return [
            method
            for method in _METHODS
            if any(route.matches(_probe(path, method))[0] is Match.FULL for route in self.routes)
        ]

    @property
    def lifespan_mode(self) -> str:
        """Return Mangum's lifespan mode: ``auto`` with an added lifespan, else ``off``."""
        return "auto" if self._has_lifespan() else "off"

    def check_fast_path(self) -> None:
        """Raise SettingError where the fast path would skip additions to the application."""
        added = {
            "middleware": bool(self.user_middleware),
            "a lifespan": self._has_lifespan(),
            "dependencies": bool(self.router.dependencies),
            "exception handlers": self.exception_handlers != self._own_handlers,
            "routes at paths of the protocols": self._overlaps_protocols(),
        }
        if skipped := [name for name, present in added.items() if present]:
            raise SettingError(
                f"fast_path=True would skip {', '.join(skipped)} of this application: leave fast_path out"
            )

    def _has_lifespan(self) -> bool:
        events = bool(self.router.on_startup or self.router.on_shutdown)
        return events or bool(self._given_lifespan) or self.router.lifespan_context != self._default_lifespan

    def _overlaps_protocols(self) -> bool:
        """Return whether a route has the path of a protocol's route."""
        own = {str(getattr(route, "path", "")) for route in self.routes} | self.openapi()["paths"].keys()
        self.openapi_schema = None  # created again later, because more routes may be added
        if any(isinstance(route, Host) for route in self.routes) or any(map(_is_protocol_path, own)):
            return True
        probes = [_probe(path, "GET") for path in _protocol_paths()]
        return any(route.matches(dict(probe))[0] is not Match.NONE for route in self.routes for probe in probes)

    async def _document(self, request: Request) -> Response:
        status = self.core.serving.status
        states = await request.scope[ADMITTED].steps.read(
            lambda may_read: status.models(may_read=may_read, examples=True)
        )
        root = request.scope.get("root_path", "")
        return JSONResponse(document(self.openapi(), states, token=request.state.caller == TOKEN, root=root))

    @asynccontextmanager
    async def _run_lifespan(self, app: FastAPI) -> AsyncIterator[Any]:
        """Start to load the models in a thread, and run the lifespans that users added."""
        added = self._given_lifespan
        lifespan: AbstractAsyncContextManager[Any] = added(app) if added else nullcontext()
        if self.core.server is not None:
            self.core.server.serving.start()
        await _run_handlers(self.router.on_startup)
        async with lifespan as state:
            yield state
        await _run_handlers(self.router.on_shutdown)


async def _run_handlers(handlers: Sequence[Callable[[], Any]]) -> None:
    for handler in handlers:
        result = handler()
        if inspect.isawaitable(result):
            await result


def _is_protocol_path(path: str) -> bool:
    return bool(protocol_methods(canonical(_PARAMETER.sub("1", path))))


def _protocol_paths() -> set[str]:
    """Return one path for each route of the protocols."""
    return {_PARAMETER.sub("1", route.path) for protocol in protocols.protocols() for route in protocol.routes}


def _probe(path: str, method: str) -> Scope:
    return {"type": "http", "path": path, "method": method, "headers": [], "root_path": ""}


async def _render_internal(request: Request, _: Exception) -> Response:
    """Return the response to an unexpected exception, which the entry logs."""
    return render(internal_error(), request)


async def _render(request: Request, error: Exception) -> Response:
    """Return a LightshipError, or the router's 404 or 405, in the protocol's format."""
    path = route_path(request.scope)
    if isinstance(error, LightshipError):
        return render(error, request)
    assert isinstance(error, HTTPException)  # noqa: S101 - the only other class that this handles
    if error.status_code == 404 and "endpoint" not in request.scope:
        return render(NotFound(f"the path {path[:120]} does not exist: see /docs"), request)
    if error.status_code == 405:
        return render(protocols.method_not_allowed(request.method, path, request.app.declared_methods(path)), request)
    return await http_exception_handler(request, error)  # of a user's route: in FastAPI's format
