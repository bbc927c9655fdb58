"""Observes every request of a server, refused ones too, for the access log. Outside of all else that answers."""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

from lightship.app.shell import ACCESS, ASGIApp, Receive, Scope, Send
from lightship.telemetry.access import Access, write


class AccessLog:
    """An ASGI application that writes one line per request of another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of an ASGI server."""
        if scope["type"] != "http":
            return
        start = time.perf_counter_ns()
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        access = Access(now, "", scope["method"], scope["path"])
        try:
            await self._app({**scope, ACCESS: access}, receive, _observing(access, send))
        finally:
            access.milliseconds = round((time.perf_counter_ns() - start) / 1e6, 3)
            write(access)


def _observing(access: Access, send: Send) -> Send:
    async def observing(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            access.status = message["status"]
            access.correlation = headers.get(b"x-correlation-id", b"").decode("latin-1")
            if model := headers.get(b"lightship-model"):
                access.model = model.decode("latin-1")
                access.version = int(headers[b"lightship-version"])
        else:
            access.bytes += len(message.get("body", b""))
        await send(message)

    return observing
