"""Everything that is not a protocol's route: FastAPI with the documentation and the jobs, imported at its first use.

The OpenAPI document is FastAPI's own, merged with what the protocols' tables of routes say of themselves. The pages
bring their scripts along, so that they work without the internet and load nothing from strangers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route

from lightship import wire
from lightship.answer import Service
from lightship.app.job_errors import render
from lightship.app.jobs import Opener, router
from lightship.errors import LightshipError, MethodNotAllowed, NotFound
from lightship.jobs.cloud import Cloud
from lightship.version import __version__


def pages(service: Service, jobs: Callable[[], Cloud | None]) -> FastAPI:
    """The FastAPI application behind the shell, which tells it who asks."""
    app: FastAPI = FastAPIOffline(title="Lightship", version=__version__)
    app.state.jobs = Opener(jobs)
    app.include_router(router)
    standings = service.catalogue.standings

    async def document(_: Request) -> Response:
        states = await service.catalogue.told(lambda ask: standings.states(ask=ask, examples=True))
        merged = dict(app.openapi())
        merged["paths"] = dict(merged["paths"])
        for protocol in wire.protocols():
            for route in protocol.routes:
                for path, operations in route.describe(route, states).items():
                    merged["paths"].setdefault(path, {}).update(operations)
        return JSONResponse(merged)

    app.router.routes.insert(0, Route("/openapi.json", document))  # before FastAPI's own, which may not wait
    app.add_exception_handler(HTTPException, _render)
    app.add_exception_handler(LightshipError, _render)
    return app


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
