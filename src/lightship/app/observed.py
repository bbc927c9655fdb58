"""Report every request of a server to observers, including refused ones."""

from __future__ import annotations

import time
from collections.abc import MutableMapping, Sequence
from typing import Any

from lightship.app.asgi import REQUEST
from lightship.app.exchange import exchange_of
from lightship.app.messages import ASGIApp, Receive, Scope, Send
from lightship.protocols.http import Request
from lightship.telemetry.exchange import Observer


class Observed:
    """An ASGI application that reports the requests of another one to observers.

    Args:
        app: the application; it fills in the fields of the request that it determines.
        observers: called once for each request, when its response is complete or was cut off, in the event loop: they
            must not block.
    """

    def __init__(self, app: ASGIApp, observers: Sequence[Observer]) -> None:
        self._app = app
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of an ASGI server."""
        if scope["type"] != "http":
            return
        received, start = time.time(), time.perf_counter()
        request = Request("", "")
        status = sent = 0
        reported = False

        def report() -> None:
            nonlocal reported
            reported = True
            exchange = exchange_of(request, status, received, time.perf_counter() - start, sent)
            exchange = exchange._replace(method=scope["method"], path=_path(scope))
            for observer in self._observers:
                observer(exchange)

        async def observing(message: MutableMapping[str, Any]) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                sent += len(message.get("body", b""))
                if not message.get("more_body"):
                    report()
            await send(message)

        try:
            await self._app({**scope, REQUEST: request}, receive, observing)
        finally:
            if not reported:  # the client has gone, or the response was cut off
                report()


def _path(scope: Scope) -> str:
    """Return the path as the client sent it, percent-encoded, if the server has it."""
    raw: bytes = scope.get("raw_path") or b""
    return raw.decode("latin-1").partition("?")[0] or scope["path"]
