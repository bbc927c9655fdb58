"""Everything that is not a protocol's route: FastAPI with the documentation, imported at its first use.

The OpenAPI document is FastAPI's own, merged with what the protocols' tables of routes say of themselves. The pages
bring their scripts along, so that they work without the internet and load nothing from strangers.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from lightship import wire
from lightship.answer import Service
from lightship.errors import LightshipError, MethodNotAllowed, NotFound
from lightship.version import __version__


def pages(service: Service) -> FastAPI:
    """The FastAPI application behind the shell."""
    app: FastAPI = FastAPIOffline(title="Lightship", version=__version__)
    own_document = app.openapi

    def document() -> dict[str, Any]:
        app.openapi_schema = None  # models come and go
        merged = dict(own_document())
        states = service.catalogue.states()
        merged["paths"] = dict(merged["paths"])
        for protocol in wire.protocols():
            for route in protocol.routes:
                for path, operations in route.describe(route, states).items():
                    merged["paths"].setdefault(path, {}).update(operations)
        return merged

    app.openapi = document  # type: ignore[method-assign]
    app.add_exception_handler(HTTPException, _render)
    return app


async def _render(request: Request, error: Exception) -> Response:
    """Starlette's 404 and 405 in the native protocol's shape."""
    path, allowed = request.url.path, ("GET",)
    ours: LightshipError = NotFound(f"there is nothing at {path[:120]}: see /docs")
    if isinstance(error, HTTPException) and error.status_code == 405:
        ours = MethodNotAllowed(f"{path[:120]} takes GET, not {request.method}", allowed=allowed)
    response = wire.render_error(ours, path)
    return Response(response.body, response.status, dict(response.headers))
