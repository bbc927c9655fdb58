"""AsgiEntry: the entry for ASGI servers. It applies HTTP's rules, admits, reads the body and answers or hands on.

What must hold for every request lives here and in :mod:`lightship.dispatch`, never in FastAPI's middleware: with the
fast path, requests of the protocols do not reach FastAPI, which is imported when another path is first asked for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from lightship import protocols
from lightship.app.body import Bodies, Body, ClientDisconnected, drop
from lightship.app.core import Core
from lightship.app.steps import Steps
from lightship.dispatch.admission import read_headers
from lightship.dispatch.dispatcher import error_response
from lightship.dispatch.entry import identified
from lightship.dispatch.routes import Matched
from lightship.dispatch.rules import allow, canonical, protocol_methods
from lightship.errors import Forbidden, LightshipError, MethodNotAllowed
from lightship.protocols.documentation import DATA_POLICY, security_headers
from lightship.protocols.http import Request, Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

# Seconds for which the rest of a refused body is still read, so that its client gets to see the response.
_LINGER = 1.0

_ID = b"x-correlation-id"
_GUARDS = [(name.encode(), value.encode()) for name, value in security_headers(DATA_POLICY).items()]

# Key of an ASGI scope: the request that observers report (:class:`lightship.app.observed.Observed`), filled in here.
REQUEST = "lightship.request"


class Application(Protocol):
    """What answers the paths of no protocol: :class:`lightship.app.application.Application`."""

    async def admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that was admitted."""

    def declared(self, path: str) -> Collection[str]:
        """Return the methods that the application's routes have for a path."""


class AsgiEntry:
    """The ASGI application in front of FastAPI.

    Args:
        core: what answers.
        application: returns what is behind; called when it is first needed.
        fast_path: whether requests of the protocols are answered here; else the application answers them too.
    """

    def __init__(self, core: Core, application: Callable[[], Application], *, fast_path: bool) -> None:
        settings = core.settings
        self._entry = core.entry
        self._steps = Steps(core)
        self._body_seconds = settings.body_seconds
        self._bodies = Bodies(settings.bodies and max(settings.bodies, 2 * settings.max_body))
        self._make_application = application
        self._made: Application | None = None
        self._fast_path = fast_path
        self._local_only = core.local_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of an ASGI server."""
        if scope["type"] != "http":
            return
        request, send = scope.get(REQUEST) or Request("", ""), self._finishing(scope, send)
        request.method, request.path = scope["method"], scope["path"]
        request.query = scope.get("query_string", b"").decode("latin-1")
        try:
            request.headers = read_headers(
                scope["headers"], version="" if "aws.event" in scope else scope.get("http_version", "")
            )
            if self._local_only:
                _check_local(scope)
            response = await self._apply_rules(request)
            matched = None if response else await self._admit(request, scope.get("aws.event"))
        except Exception as error:
            await _send(send, self._refusal(request, error))
            if "expect" not in request.headers:  # else the client waits, and sends no body that is refused
                await drop(receive, limit=self._entry.max_body, seconds=self._body_seconds)
            return
        if response:
            await _send(send, response)
        else:
            await self._read_and_answer(_Asked(request, matched, scope, receive, send))

    async def _apply_rules(self, request: Request) -> Response | None:
        """Make a path canonical, and HEAD a GET unless a route declares HEAD; return the response to OPTIONS."""
        if request.path.endswith("/") and not await self._methods(request.path):
            request.path = canonical(request.path)
        if request.method in {"OPTIONS", "HEAD"}:
            methods = await self._methods(request.path)
            if request.method in methods:
                return None
            if request.method == "OPTIONS":
                return self._entry.preflight(request, allow(methods or ("GET", "POST")))
            request.method = "GET"
        return None

    async def _methods(self, path: str) -> Collection[str]:
        """Return the methods that a path has; empty where no route has the path."""
        if self._fast_path and (methods := protocol_methods(path) or protocol_methods(canonical(path))):
            return methods if protocol_methods(path) else ()
        return (await self._application()).declared(path)

    async def _admit(self, request: Request, event: Mapping[str, Any] | None) -> Matched | None:
        try:
            return self._entry.admission.admit(request, event)
        except MethodNotAllowed:
            if self._fast_path:
                raise
            declared = (await self._application()).declared(request.path)
            if request.method not in declared:
                raise protocols.method_not_allowed(request.method, request.path, declared) from None
            return None  # a route that was added to the application

    async def _read_and_answer(self, asked: _Asked) -> None:
        request = asked.request
        body = Body(self._bodies, limit=self._entry.max_body)
        try:
            request.body = await body.read(asked.receive, request.headers, seconds=self._body_seconds)
            if await self._steps.inflate(request):
                body.take(len(request.body))
            if asked.matched is not None and self._fast_path:
                response = await self._steps.respond(request, asked.matched)
                await _send(asked.send, identified(request, response))
            else:
                await self._hand_on(asked)
        except ClientDisconnected:
            request.refusal = "client_disconnected"
        except LightshipError as error:
            await _send(asked.send, self._refusal(request, error))
            await drop(asked.receive, limit=self._entry.max_body, seconds=_LINGER)
        finally:
            body.release()

    async def _hand_on(self, asked: _Asked) -> None:
        """Have the application answer. It finds the caller and the correlation id in the request's state."""
        request, application = asked.request, await self._application()
        ours = {"caller": request.caller, "correlation": request.correlation, "request": request}
        state = {**asked.scope.get("state", {}), **ours, "steps": self._steps}
        inner = {**asked.scope, "method": request.method, "path": request.path, "state": state}
        started = False

        async def send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                request.route = getattr(inner.get("route"), "path", "")
                message = {**message, "headers": _guarded(request, message["headers"])}
            await asked.send(message)

        try:
            await application.admitted(inner, _replay(request.body, asked.receive), send)
        except Exception as error:
            response = self._refusal(request, error)  # logs it
            if not started:
                await _send(asked.send, response)

    async def _application(self) -> Application:
        if self._made is None:
            self._made = await self._steps.aside(self._make_application)
        return self._made

    def _refusal(self, request: Request, error: Exception) -> Response:
        return identified(request, error_response(request, error))

    def _finishing(self, scope: Scope, send: Send) -> Send:
        """Return ``send`` with CORS headers added, and without the body where HEAD was asked for."""
        method, cors = scope["method"], self._entry.cors
        if method == "OPTIONS" or (method != "HEAD" and not cors.origins):
            return send
        origin = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), "")
        added = cors.answer_headers(origin)

        async def finishing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _with(message["headers"], added)}
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        return finishing


@dataclass(frozen=True)
class _Asked:
    """An admitted request, and the ASGI connection that it came by."""

    request: Request
    matched: Matched | None
    scope: Scope
    receive: Receive
    send: Send


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


def _guarded(request: Request, headers: Collection[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return an application's headers with the correlation id, and those that keep browsers from running a response.

    A response that says itself what browsers may do, and those of the protocols, get only the id.
    """
    present = {name.lower() for name, _ in headers}
    guards = [] if protocols.owner(request.path) else [guard for guard in _GUARDS if guard[0] not in present]
    return [*headers, *guards, (_ID, request.correlation.encode())]


def _with(headers: Iterable[tuple[bytes, bytes]], added: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return a response's headers with others added; ``Vary`` keeps what it had."""
    vary = [value.decode("latin-1") for name, value in headers if name.lower() == b"vary" and "vary" in added]
    texts = {**added, **({"vary": ", ".join([*vary, added["vary"]])} if vary else {})}
    kept = [(name, value) for name, value in headers if name.decode("latin-1").lower() not in texts]
    return [*kept, *((name.encode("latin-1"), value.encode("latin-1")) for name, value in texts.items())]


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives a body that was read, and then what else there is to receive."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


async def _send(send: Send, response: Response) -> None:
    headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    if "content-length" not in response.headers:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
