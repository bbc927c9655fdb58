"""AsgiEntry: the entry for ASGI servers. It applies HTTP's rules, admits, reads the body and answers or hands on.

What must hold for every request lives here and in :mod:`lightship.dispatch`, never in FastAPI's middleware: with the
fast path, requests of the protocols do not reach FastAPI, which is imported when another path is first asked for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

from lightship import protocols
from lightship.app.body import Bodies, Body, ClientDisconnected, drop
from lightship.app.core import Core
from lightship.app.messages import (
    Message,
    Receive,
    Scope,
    Send,
    guarded,
    replay,
    route_path,
    send_response,
    with_body,
    with_headers,
)
from lightship.app.steps import Steps
from lightship.dispatch.admission import read_headers
from lightship.dispatch.dispatcher import error_response
from lightship.dispatch.entry import identified
from lightship.dispatch.routes import Matched
from lightship.dispatch.rules import allow, canonical, protocol_methods
from lightship.errors import Forbidden, MethodNotAllowed
from lightship.protocols.http import Request, Response

# Seconds for which the rest of a refused body is still read, so that its client gets to see the response.
_LINGER = 1.0

# Keys of an ASGI scope: the request that observers report (:class:`lightship.app.observed.Observed`), filled in here,
# and what an application's routes are given of it.
REQUEST = "lightship.request"
ADMITTED = "lightship.admitted"


class Behind(Protocol):
    """What answers the paths of no protocol: :class:`lightship.app.application.Application`."""

    async def admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that was admitted."""

    def declared(self, path: str) -> Collection[str]:
        """Return the methods that the application's routes have for a path."""


@dataclass(frozen=True)
class Admitted:
    """An admitted request, its route among the protocols' if it has one, and the steps that answer it."""

    request: Request
    matched: Matched | None
    steps: Steps


@dataclass(frozen=True)
class _Connection:
    """The ASGI connection of one request."""

    scope: Scope
    receive: Receive
    send: Send


class AsgiEntry:
    """The ASGI application in front of FastAPI.

    Args:
        core: what answers.
        application: returns what is behind; called when it is first needed.
        fast_path: whether requests of the protocols are answered here; else the application answers them too.
    """

    def __init__(self, core: Core, application: Callable[[], Behind], *, fast_path: bool) -> None:
        settings = core.settings
        self._entry = core.entry
        self._steps = Steps(core)
        self._body_seconds = settings.body_seconds
        self._bodies = Bodies(settings.bodies and max(settings.bodies, 2 * settings.max_body))
        self._make_application = application
        self._made: Behind | None = None
        self._making = Lock()
        self._fast_path = fast_path
        self._local_only = core.local_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of an ASGI server."""
        if scope["type"] != "http":
            return
        request, send = scope.get(REQUEST) or Request("", ""), self._finishing(scope, send)
        request.method, request.path = scope["method"], route_path(scope)
        request.query = scope.get("query_string", b"").decode("latin-1")
        try:
            version = "" if "aws.event" in scope else scope.get("http_version", "")
            request.headers = read_headers(scope["headers"], version=version)
            if self._local_only:
                _check_local(scope)
            if request.method == "OPTIONS" and (response := await self._preflight(request)):
                await send_response(send, response)
                return
            matched = await self._admit(request, scope.get("aws.event"))
        except Exception as error:
            await send_response(send, _refusal(request, error))
            if "expect" not in request.headers:  # else the client waits, and sends no body that is refused
                await drop(receive, limit=self._entry.max_body, seconds=self._body_seconds)
            return
        await self._answer(Admitted(request, matched, self._steps), _Connection(scope, receive, send))

    async def _preflight(self, request: Request) -> Response | None:
        """Return the response to OPTIONS; None where the application has a route for it."""
        self._entry.admission.check(request)
        path = canonical(request.path)
        methods: Collection[str] = protocol_methods(path) if self._fast_path else ()
        methods = methods or await self._declared(request.path) or await self._declared(path)
        return None if "OPTIONS" in methods else self._entry.preflight(request, allow(methods or ("GET", "POST")))

    async def _admit(self, request: Request, event: Mapping[str, Any] | None) -> Matched | None:
        """Admit a request: HEAD as GET and without a trailing slash, unless the application has routes for those."""
        method, path = request.method, request.path
        request.method, request.path = "GET" if method == "HEAD" else method, canonical(path)
        try:
            matched = self._entry.admission.admit(request, event)
        except MethodNotAllowed:
            if self._fast_path:
                raise
            declared = await self._declared(request.path)
            if declared.isdisjoint({method, request.method}):
                raise protocols.method_not_allowed(request.method, request.path, declared) from None
            matched = None  # a route that was added to the application
        if matched is None and path != request.path and await self._declared(path):
            request.path = path
        if matched is None and method == "HEAD" and "HEAD" in await self._declared(request.path):
            request.method = method
        return matched

    async def _answer(self, admitted: Admitted, connection: _Connection) -> None:
        request, body = admitted.request, Body(self._bodies, limit=self._entry.max_body)
        try:
            request.body = await body.read(connection.receive, request.headers, seconds=self._body_seconds)
            inflated = await self._steps.inflate(request)
            if inflated:
                body.take(len(request.body))
            if admitted.matched is not None and self._fast_path:
                response = await self._steps.respond(request, admitted.matched)
                await send_response(connection.send, identified(request, response))
            else:
                application = await self._application()
                await self._hand_on(application, admitted, connection, inflated=inflated)
        except ClientDisconnected:
            request.refusal = "client_disconnected"
        except _Broken as broken:
            raise broken.error from None
        except Exception as error:
            await send_response(connection.send, _refusal(request, error))
            await drop(connection.receive, limit=self._entry.max_body, seconds=_LINGER)
        finally:
            body.release()

    async def _hand_on(
        self, application: Behind, admitted: Admitted, connection: _Connection, *, inflated: bool
    ) -> None:
        """Have the application answer; raises the error of a response that breaks off."""
        request, scope, state = admitted.request, connection.scope, connection.scope.get("state", {})
        headers = with_body(scope["headers"], request.body) if inflated else scope["headers"]
        inner = {
            **scope,
            "method": request.method,
            "path": scope.get("root_path", "").rstrip("/") + request.path,
            "headers": headers,
            "state": {**state, "caller": request.caller, "correlation": request.correlation},
            ADMITTED: admitted,
        }
        started = ended = False

        async def send(message: Message) -> None:
            nonlocal started, ended
            if message["type"] == "http.response.start":
                started = True
                request.route = getattr(inner.get("route"), "path", request.route)
                message = {**message, "headers": guarded(request, message["headers"])}
            else:
                ended = not message.get("more_body", False)
            await connection.send(message)

        try:
            await application.admitted(inner, replay(request.body, connection.receive), send)
        except Exception as error:
            if not started:
                raise
            _refusal(request, error)  # which logs it
            if not ended:
                raise _Broken(error) from None

    async def _declared(self, path: str) -> frozenset[str]:
        return frozenset((await self._application()).declared(path))

    async def _application(self) -> Behind:
        if self._made is None:
            return await self._steps.in_call_thread(self._make)
        return self._made

    def _make(self) -> Behind:
        with self._making:
            if self._made is None:
                self._made = self._make_application()
            return self._made

    def _finishing(self, scope: Scope, send: Send) -> Send:
        """Return ``send`` with CORS headers added, and without the body where HEAD was asked for."""
        method, cors = scope["method"], self._entry.cors
        if method == "OPTIONS" or (method != "HEAD" and not cors.origins):
            return send
        origin = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), "")
        added = cors.answer_headers(origin)

        async def finishing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": with_headers(message["headers"], added)}
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        return finishing


class _Broken(Exception):
    """A response that began and did not end: only its connection can tell the client."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _refusal(request: Request, error: Exception) -> Response:
    return identified(request, error_response(request, error))


def _check_local(scope: Scope) -> None:
    """Raise Forbidden for a client on another machine."""
    host, *_ = scope.get("client") or ("",)
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:  # a socket file, whose permissions decide
        local = not host
    if not local:
        raise Forbidden(
            "this server answers its own machine only: set LIGHTSHIP_TOKEN, or LIGHTSHIP_ALLOW_ANONYMOUS=1 for everyone"
        )
