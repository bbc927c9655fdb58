"""The protocols' routes as FastAPI routes.

Through them an application's middleware and dependencies apply to the protocols.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from lightship import protocols
from lightship.app.asgi import ADMITTED
from lightship.app.messages import route_path, send_file, send_response
from lightship.app.steps import Steps
from lightship.dispatch.admission import read_headers
from lightship.dispatch.dispatcher import Dispatcher, error_response
from lightship.errors import LightshipError, Unauthenticated
from lightship.protocols.http import FilePart, Route
from lightship.protocols.http import Response as Answer


class ProtocolRoute(APIRoute):
    """A protocol's route, with the protocol's own path pattern.

    Args:
        route: the protocol's route.
        app: the application that it belongs to.
        dispatcher: authorises and answers requests.
    """

    def __init__(self, route: Route, app: FastAPI, dispatcher: Dispatcher) -> None:
        async def endpoint(request: Request) -> Response:
            return await _respond(request, dispatcher)

        super().__init__(
            route.path,
            endpoint,
            methods=[route.method],
            include_in_schema=False,
            dependencies=[*app.router.dependencies],
            dependency_overrides_provider=app,
        )
        self._route = route

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a path as :func:`lightship.protocols.match` does."""
        parameters = self._route.parameters(route_path(scope)) if scope["type"] == "http" else None
        if parameters is None:
            return Match.NONE, {}
        child = {"endpoint": self.endpoint, "path_params": parameters, "route": self}
        return (Match.FULL if scope["method"] == self._route.method else Match.PARTIAL), child


def protocol_routes(app: FastAPI, dispatcher: Dispatcher) -> Iterator[ProtocolRoute]:
    """Yield the routes of all protocols."""
    for protocol in protocols.protocols():
        for route in protocol.routes:
            yield ProtocolRoute(route, app, dispatcher)


class RequireCaller:
    """Middleware that refuses unauthenticated requests to routes that are not open.

    Only routes of the protocols can be open. It is the innermost middleware, because other middleware may change the
    path, and added routes may have the same paths as those of the protocols.

    Args:
        app: the next ASGI application.
        routes: of the application, in matching order.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward a request, or refuse it with 401."""
        if scope["type"] == "http" and scope[ADMITTED].request.caller is None:
            route = next((route for route in self._routes if route.matches(dict(scope))[0] is Match.FULL), None)
            if not isinstance(route, ProtocolRoute):
                await send_response(send, error_response(scope[ADMITTED].request, Unauthenticated()))
                return
        await self._app(scope, receive, send)


async def _respond(request: Request, dispatcher: Dispatcher) -> Response:
    """Answer a request after the middleware.

    Its route is authorised again, because middleware may have changed the path.
    """
    admitted = request.scope[ADMITTED]
    inner = admitted.request
    inner.method, inner.path = request.method, route_path(request.scope)
    inner.query = request.scope.get("query_string", b"").decode("latin-1")
    inner.body = await request.body()
    try:
        inner.headers = read_headers(request.scope["headers"], version="")
        matched = dispatcher.authorise(inner)
    except LightshipError as error:
        response = error_response(inner, error)
    else:
        response = await admitted.steps.respond(inner, matched)
    if response.file is not None:
        return _FileResponse(response, response.file, admitted.steps)
    return Response(response.body, response.status, response.headers)


class _FileResponse(Response):
    """A response whose body is a file."""

    def __init__(self, response: Answer, part: FilePart, steps: Steps) -> None:
        super().__init__(None, response.status, response.headers)
        self._response, self._part, self._steps = response, part, steps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file in blocks; Starlette's own responses for that run a second task."""
        await send_file(send, self._response, self._part, self._steps.in_call_thread)
