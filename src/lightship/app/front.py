"""What HTTP asks of every route alike: HEAD, OPTIONS, a trailing slash, and other origins. In front of the shell.

A hot request passes three comparisons. The same rules hold for a server (ASGI) and for Lambda (``respond``).
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import Any

from lightship import protocols
from lightship.app.shell import REQUEST, Receive, Scope, Send, Shell, named
from lightship.dispatch.cors import Cors, merged
from lightship.dispatch.dispatcher import Service
from lightship.errors import MethodNotAllowed
from lightship.protocols.http import Request, Response

# Methods of the paths that FastAPI answers.
_PAGES = ("GET", "POST")


class Front:
    """The ASGI application: a shell with the rules of HTTP before it.

    Args:
        shell: what answers.
        cors: the origins whose pages may read answers.
    """

    def __init__(self, shell: Shell, cors: Cors) -> None:
        self._shell = shell
        self._cors = cors

    @property
    def service(self) -> Service:
        """What answers."""
        return self._shell.service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of an ASGI server."""
        if scope["type"] != "http":
            return
        method, path = scope["method"], canonical(scope["path"])
        if path != scope["path"]:
            scope = {**scope, "path": path}
        if method == "OPTIONS":
            request = scope.get(REQUEST) or Request("", "")
            request.method, request.path, request.headers = method, path, _headers(scope)
            await _send_head(send, _options(request, self._cors))
        elif method == "HEAD" or self._cors.origins:
            added = self._cors.answer_headers(_headers(scope).get("origin", ""))
            scope = {**scope, "method": "GET"} if method == "HEAD" else scope
            await self._shell(scope, receive, _adding(added, send, bodyless=method == "HEAD"))
        else:
            await self._shell(scope, receive, send)

    async def respond(self, request: Request, event: Mapping[str, Any] | None = None) -> Response | None:
        """See :meth:`lightship.app.shell.Shell.respond`."""
        request.path, method = canonical(request.path), request.method
        if method == "OPTIONS":
            return _options(request, self._cors)
        if method == "HEAD":
            request.method = "GET"
        response = await self._shell.respond(request, event)
        request.method = method
        if response is None:
            return None
        if self._cors.origins:
            response.headers = merged(response.headers, self._cors.answer_headers(request.headers.get("origin", "")))
        return without_body(response) if method == "HEAD" else response


def canonical(path: str) -> str:
    """Return a path without its trailing slash. ``/docs/`` keeps it: the page's links are relative."""
    return path[:-1] if path.endswith("/") and path not in {"/", "/docs/"} else path


def without_body(response: Response) -> Response:
    """Return the answer to HEAD: the headers of the answer to GET, its length among them."""
    return replace(response, body=b"", headers={**response.headers, "content-length": str(len(response.body))})


def methods_of(path: str) -> str:
    """Return the methods that a path takes, as ``Allow`` lists them; those of pages where no protocol has the path."""
    methods: tuple[str, ...] = _PAGES
    try:
        protocols.match("OPTIONS", path)
    except MethodNotAllowed as error:
        methods = error.allowed
    head = ("HEAD",) if "GET" in methods else ()
    return ", ".join(sorted({*methods, *head, "OPTIONS"}))


def _options(request: Request, cors: Cors) -> Response:
    return named(request, Response(204, b"", cors.preflight_headers(request.headers, methods_of(request.path))))


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _adding(added: dict[str, str], send: Send, *, bodyless: bool) -> Send:
    """``send`` with headers added to the answer's, and without the answer's body where HEAD was asked."""

    async def adding(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = merged(
                {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}, added
            )
            pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
            message = {**message, "headers": pairs}
        elif bodyless:
            message = {**message, "body": b""}
        await send(message)

    return adding


async def _send_head(send: Send, response: Response) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
