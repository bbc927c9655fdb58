"""AsgiEntry: the entry for ASGI servers.

It applies the rules of HTTP, admits the request, reads the body, and answers it or forwards it to FastAPI.

What must hold for every request lives here and in :mod:`lightship.dispatch`, never in FastAPI's middleware: with the
fast path, requests of the protocols do not reach FastAPI, which is imported for the first request to another path.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

from lightship import protocols
from lightship.app.body import Bodies, Body, ClientDisconnected, discard
from lightship.app.core import Core
from lightship.app.messages import (
    Message,
    Receive,
    Scope,
    Send,
    replay,
    route_path,
    send_file,
    send_response,
    unslashed,
    with_body,
    with_headers,
    with_security_headers,
)
from lightship.app.steps import Steps
from lightship.dispatch.admission import read_headers
from lightship.dispatch.dispatcher import error_response
from lightship.dispatch.entry import identified
from lightship.dispatch.rules import allow, canonical, protocol_methods
from lightship.errors import Forbidden, MethodNotAllowed
from lightship.protocols.http import Matched, Request, Response

# Seconds for which the rest of a refused body is still read, so that its client can read the response.
_LINGER = 1.0

# Keys of an ASGI scope: the request for observers (:class:`lightship.app.observed.Observed`), filled in here, and the
# admitted request for an application's routes.
REQUEST = "lightship.request"
ADMITTED = "lightship.admitted"


class InnerApplication(Protocol):
    """The application behind it: :class:`lightship.app.application.Application`."""

    async def handle_admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that was admitted."""

    def declared_methods(self, path: str) -> Collection[str]:
        """Return the methods of the application's routes for a path."""


@dataclass(frozen=True)
class Admitted:
    """An admitted request, its route among the protocols' if any, and the steps."""

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
        core: settings, models and entry.
        application: returns the application behind this entry; called when it is first needed.
        fast_path: whether requests of the protocols are answered here; otherwise by the application.
    """

    def __init__(self, core: Core, application: Callable[[], InnerApplication], *, fast_path: bool) -> None:
        settings = core.settings
        self._entry = core.entry
        self._steps = Steps(core)
        self._body_seconds = settings.body_seconds
        self._bodies = Bodies(settings.bodies and max(settings.bodies, 2 * settings.max_body))
        self._make_application = application
        self._made: InnerApplication | None = None
        self._making = Lock()
        self._fast_path = fast_path
        self._local_only = core.local_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of an ASGI server."""
        if scope["type"] != "http":
            return
        request, send = scope.get(REQUEST) or Request("", ""), self._with_cors(scope, send)
        request.method, request.path = scope["method"], route_path(scope)
        request.unslashed = request.unslashed or unslashed(scope)
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
            if "expect" not in request.headers:  # otherwise the client awaits the response before it sends a body
                await discard(receive, limit=self._entry.max_body, seconds=self._body_seconds)
            return
        await self._answer(Admitted(request, matched, self._steps), _Connection(scope, receive, send))

    async def _preflight(self, request: Request) -> Response | None:
        """Return the response to OPTIONS; None where the application has a route for it."""
        self._entry.admission.check(request)
        path = canonical(request.path)
        methods: Collection[str] = protocol_methods(path) if self._fast_path else ()
        methods = methods or await self._declared_methods(request.path) or await self._declared_methods(path)
        return None if "OPTIONS" in methods else self._entry.preflight(request, allow(methods or ("GET", "POST")))

    async def _admit(self, request: Request, event: Mapping[str, Any] | None) -> Matched | None:
        """Admit a request and return its route.

        HEAD is admitted as GET, and a trailing slash is ignored, unless the application has routes for those.
        """
        method, path = request.method, request.path
        request.method, request.path = "GET" if method == "HEAD" else method, canonical(path)
        try:
            matched = self._entry.admission.admit(request, event)
        except MethodNotAllowed:
            if self._fast_path:
                raise
            declared = await self._declared_methods(request.path)
            if declared.isdisjoint({method, request.method}):
                raise protocols.method_not_allowed(request.method, request.path, declared) from None
            matched = None  # a route that was added to the application
        if matched is None and path != request.path and await self._declared_methods(path):
            request.path = path
        if matched is None and method == "HEAD" and "HEAD" in await self._declared_methods(request.path):
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
                await self._send(connection, identified(request, response))
            else:
                application = await self._application()
                await self._forward(application, admitted, connection, inflated=inflated)
        except ClientDisconnected:
            request.refusal = "client_disconnected"
        except _ResponseInterrupted as interrupted:
            raise interrupted.error from None
        except Exception as error:
            await send_response(connection.send, _refusal(request, error))
            await discard(connection.receive, limit=self._entry.max_body, seconds=_LINGER)
        finally:
            body.release()

    async def _send(self, connection: _Connection, response: Response) -> None:
        """Send a response; raises the error of a file that was interrupted."""
        if response.file is None or connection.scope["method"] == "HEAD":
            await send_response(connection.send, response)
            return
        try:
            await send_file(connection.send, response, response.file, self._steps.in_call_thread)
        except OSError as error:
            raise _ResponseInterrupted(error) from None

    async def _forward(
        self, application: InnerApplication, admitted: Admitted, connection: _Connection, *, inflated: bool
    ) -> None:
        """Have the application answer the request.

        Raises the error of a response that was interrupted.
        """
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
                message = {**message, "headers": with_security_headers(request, message["headers"])}
            else:
                ended = not message.get("more_body", False)
            await connection.send(message)

        try:
            await application.handle_admitted(inner, replay(request.body, connection.receive), send)
        except Exception as error:
            if not started:
                raise
            _refusal(request, error)  # logs the error
            if not ended:
                raise _ResponseInterrupted(error) from None

    async def _declared_methods(self, path: str) -> frozenset[str]:
        return frozenset((await self._application()).declared_methods(path))

    async def _application(self) -> InnerApplication:
        if self._made is None:
            return await self._steps.in_call_thread(self._make)
        return self._made

    def _make(self) -> InnerApplication:
        with self._making:
            if self._made is None:
                self._made = self._make_application()
            return self._made

    def _with_cors(self, scope: Scope, send: Send) -> Send:
        """Return ``send`` that adds CORS headers, and drops the body of responses to HEAD."""
        method, cors = scope["method"], self._entry.cors
        if method == "OPTIONS" or (method != "HEAD" and not cors.origins):
            return send
        origin = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), "")
        added = cors.answer_headers(origin)

        async def send_with_cors(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": with_headers(message["headers"], added)}
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        return send_with_cors


class _ResponseInterrupted(Exception):
    """A response that failed after its start: the connection has to be closed."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _refusal(request: Request, error: Exception) -> Response:
    return identified(request, error_response(request, error))


def _check_local(scope: Scope) -> None:
    """Raise Forbidden for a client on another machine."""
    host, *_ = scope.get("client") or ("",)
    try:
        address = ipaddress.ip_address(host)
        # A socket for IPv4 and IPv6 gives 127.0.0.1 as ::ffff:127.0.0.1, which is loopback from Python 3.13 on.
        local = (getattr(address, "ipv4_mapped", None) or address).is_loopback
    except ValueError:  # a Unix socket, which file permissions protect
        local = not host
    if not local:
        raise Forbidden(
            "this server answers clients on its own machine only: set LIGHTSHIP_TOKEN, or LIGHTSHIP_ALLOW_ANONYMOUS=1 "
            "to answer all clients"
        )
