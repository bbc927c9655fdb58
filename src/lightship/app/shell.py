"""The ASGI shell: admits a request by its head, reads its body within limits, answers it or hands it on to FastAPI.

What must hold for all requests lives here and in :mod:`lightship.dispatch.admission` and :mod:`lightship.dispatch.dispatcher`, never in
FastAPI's middleware, because hot requests do not pass FastAPI: it is imported when the first page is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any

from lightship.app.body import Bodies, Body, ClientDisconnected, drop, inflate
from lightship.dispatch.admission import Admission, read_headers
from lightship.dispatch.dispatcher import Matched, Service, answer, failed, refused
from lightship.dispatch.encodings import SMALLEST, compress
from lightship.errors import LightshipError
from lightship.protocols.http import Request, Response

if TYPE_CHECKING:
    from lightship.jobs.cloud import Cloud

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

# Smaller bodies are inflated, and smaller answers compressed, in less time than a thread takes to be asked.
_INFLATE_HERE = 1024  # at most a mebibyte then
_COMPRESS_HERE = 16 * 1024

# Seconds for which the rest of a body that came too large or too slowly is still read, so that its client gets to see
# the answer.
_LINGER = 1.0

_ID = "x-correlation-id"

# Key of an ASGI scope: the request that :class:`lightship.app.observed.Observed` will tell of, filled in here.
REQUEST = "lightship.request"


class Shell:
    """The ASGI application.

    Args:
        service: what answers.
        token: see :class:`lightship.dispatch.admission.Admission`; ``hosts`` and ``origins`` too.
        max_body: the largest request body in bytes, inflated.
        body_seconds: how long a body may take to arrive; 0 for no limit.
        bodies: how many bytes of bodies are in memory at a time, two of the largest at least; 0 for no limit.
        jobs: makes what jobs are worked on with, None where there is no such thing; called when the first one is asked.
    """

    def __init__(
        self,
        service: Service,
        *,
        token: str | None,
        max_body: int,
        jobs: Callable[[], Cloud | None] = lambda: None,
        body_seconds: float = 30.0,
        bodies: int = 100_000_000,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
    ) -> None:
        self._service = service
        self._admission = Admission(service, token=token, hosts=hosts, origins=origins)
        self._jobs = jobs
        self._max_body = max_body
        self._body_seconds = body_seconds
        self._bodies = Bodies(bodies and max(bodies, 2 * max_body))
        self._pages: ASGIApp | None = None

    @property
    def service(self) -> Service:
        """What answers."""
        return self._service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of an ASGI server."""
        if scope["type"] != "http":
            return
        request, event = scope.get(REQUEST) or Request("", ""), scope.get("aws.event")
        request.method, request.path = scope["method"], scope["path"]
        request.query = scope.get("query_string", b"").decode("latin-1")
        try:
            request.headers = read_headers(scope["headers"], version="" if event else scope.get("http_version", ""))
            matched = self._admission.admit(request, event)
        except Exception as error:
            await _send(send, _refused(request, error))
            if "expect" not in request.headers:  # else the client waits, and sends no body that is refused
                await drop(receive, limit=self._max_body, seconds=self._body_seconds)
            return
        body = Body(self._bodies, limit=self._max_body)
        try:
            request.body = await body.read(receive, request.headers, seconds=self._body_seconds)
            response = await self._respond(request, matched, body)
            if response is None:
                await self._page(scope, request, receive, send)
            else:
                await _send(send, response)
        except ClientDisconnected:
            request.refusal = "client_disconnected"
        except LightshipError as error:
            await _send(send, _refused(request, error))
            await drop(receive, limit=self._max_body, seconds=_LINGER)
        finally:
            body.release()

    async def respond(self, request: Request, event: Mapping[str, Any] | None = None) -> Response | None:
        """The response to a request whose body is as it was sent; None for one that may have a page."""
        try:
            matched = self._admission.admit(request, event)
            return await self._respond(request, matched)
        except Exception as error:
            return _refused(request, error)

    async def _respond(self, request: Request, matched: Matched | None, body: Body | None = None) -> Response | None:
        """Raises TooLarge, UnsupportedMedia, InvalidInput or Overloaded for a body."""
        if "content-encoding" in request.headers or len(request.body) > self._max_body:
            await self._inflate(request, body)
        if matched is None:
            return None
        response = await answer(self._service, request, matched)
        assert response is not None  # noqa: S101 - it has a route
        accepted = request.headers.get("accept-encoding")
        if accepted and len(response.body) > SMALLEST:
            response = await self._compressed(response, accepted)
        return named(request, response)

    async def _inflate(self, request: Request, body: Body | None) -> None:
        work = partial(inflate, request.body, request.headers, self._max_body)
        small = len(request.body) <= _INFLATE_HERE
        request.body = work() if small else await self._service.catalogue.elsewhere(work)
        if body is not None:
            body.take(len(request.body))

    async def _compressed(self, response: Response, accepted: str) -> Response:
        if len(response.body) <= _COMPRESS_HERE:
            return compress(response, accepted)
        return await self._service.catalogue.elsewhere(lambda: compress(response, accepted))

    async def _page(self, scope: Scope, request: Request, receive: Receive, send: Send) -> None:
        """Hand on to FastAPI what was found out here: who asks, by which id, and the body, which is read only once."""
        if self._pages is None:
            self._pages = await self._service.catalogue.aside(self._make_pages)
        state = {"caller": request.caller, "correlation": request.correlation, "request": request}
        inner = {**scope, "state": state}
        await self._pages(inner, _replay(request.body, receive), _naming(request, inner, send))

    def _make_pages(self) -> ASGIApp:
        from lightship.app.pages import pages

        return pages(self._service, self._jobs)


def _refused(request: Request, error: Exception) -> Response:
    """The response to a request that is not answered: its refusal, or a sentence about an error that is in the log."""
    response = refused(request, error) if isinstance(error, LightshipError) else failed(request)
    return named(request, response)


def named(request: Request, response: Response) -> Response:
    """The response with the id by which the request is known, which a request gets here that has none yet."""
    request.id = request.id or os.urandom(16).hex()
    response.headers[_ID] = request.correlation
    return response


def _replay(body: bytes, receive: Receive) -> Receive:
    """A body that is here already, as an ASGI application receives it, and then what else there is to receive."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> MutableMapping[str, Any]:
        return messages.pop() if messages else await receive()

    return again


def _naming(request: Request, scope: Scope, send: Send) -> Send:
    """``send`` with the id by which the request is known as a header of the answer; FastAPI writes the route down."""
    header = (_ID.encode(), request.correlation.encode())

    async def naming(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            request.route = getattr(scope.get("route"), "path", "")
            message = {**message, "headers": [*message["headers"], header]}
        await send(message)

    return naming


async def _send(send: Send, response: Response) -> None:
    headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
