"""Everything that is not a protocol's route: FastAPI with the OpenAPI document and the jobs, imported at its first use.

The document is FastAPI's own, merged with what the protocols' tables of routes say of themselves (see
:mod:`lightship.app.document`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lightship.app.document import document
from lightship.app.jobs import Opener, router
from lightship.app.jobs.errors import render
from lightship.dispatch.callers import TOKEN
from lightship.dispatch.dispatcher import Service
from lightship.errors import LightshipError, MethodNotAllowed, NotFound
from lightship.jobs.cloud import Cloud
from lightship.protocols.documentation import DATA_POLICY, security_headers
from lightship.version import __version__

_GUARDS = [(name.encode(), value.encode()) for name, value in security_headers(DATA_POLICY).items()]


def pages(service: Service, jobs: Callable[[], Cloud | None]) -> FastAPI:
    """The FastAPI application behind the shell, which tells it who asks."""
    app = FastAPI(title="Lightship", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.jobs = Opener(jobs)
    app.include_router(router)
    standings = service.catalogue.standings

    async def openapi(request: Request) -> Response:
        states = await service.catalogue.told(lambda ask: standings.states(ask=ask, examples=True))
        root = request.scope.get("root_path", "")
        return JSONResponse(document(app.openapi(), states, token=request.state.caller == TOKEN, root=root))

    app.router.routes.append(Route("/openapi.json", openapi))
    app.add_middleware(Guarded)
    app.add_exception_handler(HTTPException, _render)
    app.add_exception_handler(LightshipError, _render)
    return app


class Guarded:
    """Middleware that adds the headers which keep browsers from running or framing an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with these headers."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_GUARDS]}
            await send(message)

        await self._app(scope, receive, guarded)


async def _render(request: Request, error: Exception) -> Response:
    """Our own errors, and Starlette's 404 and 405, in the native protocol's shape."""
    path = request.url.path
    ours = error if isinstance(error, LightshipError) else NotFound(f"there is nothing at {path[:120]}: see /docs")
    if isinstance(error, HTTPException) and error.status_code == 405:
        allowed = tuple(sorted(_methods([*request.app.routes, *router.routes], request.scope)))
        sentence = f"{path[:120]} takes {', '.join(allowed)}, not {request.method[:20]}"
        ours = MethodNotAllowed(sentence, allowed=allowed)
    return render(ours, request)


def _methods(routes: list[BaseRoute], scope: Any) -> set[str]:
    """The methods that a path takes; Starlette itself names those of the first route that has it."""
    return {
        method
        for route in routes
        if route.matches(scope)[0] == Match.PARTIAL
        for method in getattr(route, "methods", None) or ()
    }
