"""The ASGI shell: reads a request within bounds, finds out who asks, and answers or hands on to FastAPI.

What must hold for all requests lives here and in :mod:`lightship.answer`, never in FastAPI's middleware, because hot
requests do not pass FastAPI: it is imported when the first page of documentation is asked for.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from lightship import wire
from lightship.answer import Service, answer
from lightship.app.body import inflate, read_body
from lightship.app.callers import ANONYMOUS, TOKEN, caller_of
from lightship.app.encodings import compress
from lightship.errors import LightshipError, Unauthenticated
from lightship.wire.http import Request, Response

if TYPE_CHECKING:
    from lightship.jobs.cloud import Cloud

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
        jobs: makes what jobs are worked on with, None where there is no such thing; called when the first one is asked.
    """

    def __init__(
        self,
        service: Service,
        *,
        token: str | None,
        max_body: int,
        jobs: Callable[[], Cloud | None] = lambda: None,
    ) -> None:
        self._service = service
        self._jobs = jobs
        self._token = token
        self._max_body = max_body
        self._pages: ASGIApp | None = None

    @property
    def service(self) -> Service:
        """What answers."""
        return self._service

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
        answered = await self.respond(scope["method"], scope["path"], query, headers, body, scope.get("aws.event"))
        if isinstance(answered, Request):
            await self._page(scope, answered, receive, send)
        else:
            await _send(send, answered)

    async def respond(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, event: Any = None
    ) -> Response | Request:
        """The response to a request whose body is as it was sent; for one that may have a page, what is known of it."""
        context = event.get("requestContext") or {} if event else {}
        caller: str | None  # None is a stranger
        if self._token is not None:
            caller = TOKEN if _bears(self._token, headers) else None
        else:  # API Gateway has already checked whom it names
            caller = caller_of(context) if event else ANONYMOUS
        if "content-encoding" in headers or len(body) > self._max_body:
            try:
                body = inflate(body, headers, self._max_body)
            except LightshipError as error:
                return wire.render_error(error, path)
        request = Request(method, path, query, headers, body, caller, context.get("requestId", ""))
        response = await answer(self._service, request)
        if response is None:
            return wire.render_error(Unauthenticated(), path) if caller is None else request
        accepted = headers.get("accept-encoding")
        return compress(response, accepted) if accepted else response

    async def _page(self, scope: Scope, request: Request, receive: Receive, send: Send) -> None:
        """Hand on to FastAPI what was found out here: who asks, by which id, and the body, which is read only once."""
        if self._pages is None:
            from lightship.app.pages import pages

            self._pages = pages(self._service, self._jobs)
        correlation = request.correlation or uuid.uuid4().hex
        state = {"caller": request.caller, "correlation": correlation}
        await self._pages({**scope, "state": state}, _replay(request.body, receive), _naming(correlation, send))


def _bears(token: str, headers: dict[str, str]) -> bool:
    """Whether a request's ``Authorization`` is this bearer token."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(given.encode(), token.encode())
    return right and scheme.lower() == "bearer"


def _replay(body: bytes, receive: Receive) -> Receive:
    """A body that is here already, as an ASGI application receives it, and then what else there is to receive."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> MutableMapping[str, Any]:
        return messages.pop() if messages else await receive()

    return again


def _naming(correlation: str, send: Send) -> Send:
    """``send`` with the id by which the request is known as a header of the answer."""

    async def named(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"x-correlation-id", correlation.encode())]}
        await send(message)

    return named


async def _send(send: Send, response: Response) -> None:
    headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
