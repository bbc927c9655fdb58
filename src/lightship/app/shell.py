"""The ASGI shell: reads a request within bounds, finds out who asks, and answers or hands on to FastAPI.

What must hold for all requests lives here and in :mod:`lightship.answer`, never in FastAPI's middleware, because hot
requests do not pass FastAPI: it is imported when the first page of documentation is asked for.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from lightship import wire
from lightship.answer import Service, answer
from lightship.app.body import inflate, read_body
from lightship.app.encodings import compress
from lightship.errors import LightshipError, Unauthenticated
from lightship.wire.http import Request, Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class Shell:
    """The ASGI application.

    Args:
        service: what answers.
        token: the bearer token to ask for; None where something in front (API Gateway, loopback) keeps strangers out.
        max_body: the largest request body in bytes, inflated.
    """

    def __init__(self, service: Service, *, token: str | None, max_body: int) -> None:
        self._service = service
        self._token = token
        self._max_body = max_body
        self._pages: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of an ASGI server."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = await read_body(receive, headers, self._max_body)
        except LightshipError as error:
            await _send(send, wire.render_error(error, scope["path"]))
            return
        query = scope.get("query_string", b"").decode("latin-1")
        response = await self.respond(scope["method"], scope["path"], query, headers, body, scope.get("aws.event"))
        if response is None:
            await self._page(scope, receive, send)
        else:
            await _send(send, response)

    async def respond(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, event: Any = None
    ) -> Response | None:
        """The response to a request whose body is as it was sent; None for one that may have a page."""
        caller = self._caller(event, headers)
        try:
            body = inflate(body, headers, self._max_body)
        except LightshipError as error:
            return wire.render_error(error, path)
        response = await answer(self._service, Request(method, path, query, headers, body, caller))
        if response is None:
            return wire.render_error(Unauthenticated(), path) if caller is None else None
        accepted = headers.get("accept-encoding")
        return compress(response, accepted) if accepted else response

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._pages is None:
            from lightship.app.pages import pages

            self._pages = pages(self._service)
        await self._pages(scope, receive, send)

    def _caller(self, event: Any, headers: dict[str, str]) -> str | None:
        """Who asks: None is a stranger. API Gateway has already checked whom it names."""
        if self._token is not None:
            given = headers.get("authorization", "")
            return "token" if hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()) else None
        context = (event or {}).get("requestContext") or {}
        iam = (context.get("authorizer") or {}).get("iam") or {}
        return iam.get("userArn") or "anonymous"


async def _send(send: Send, response: Response) -> None:
    headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
