"""Requests to an ASGI application without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]


@dataclass
class Exchange:
    """One request's response.

    ``received`` counts the messages of the body that the application read.
    """

    status: int = 0
    headers: Mapping[str, str] = None  # type: ignore[assignment]
    body: bytes = b""
    received: int = 0
    received_before_answer: int = 0

    @property
    def code(self) -> str:
        """Return the error's code, in the native protocol's format."""
        return str(orjson.loads(self.body)["error"]["code"])


async def exchange(
    app: Any,
    method: str,
    path: str,
    *,
    body: Iterable[bytes] | Receive = (),
    headers: Sequence[tuple[str, str]] = (("host", "localhost"),),
    query: bytes = b"",
    version: str = "1.1",
) -> Exchange:
    """Send a request to an application.

    ``body`` is the parts of a body, or a function that returns its messages.
    """
    done = Exchange()
    parts = iter([]) if callable(body) else iter(body)

    async def receive() -> Message:
        done.received += 1
        if callable(body):
            return await body()
        part = next(parts, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            done.status, done.received_before_answer = message["status"], done.received
            done.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            done.body += message.get("body", b"")

    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    scope = {"type": "http", "http_version": version, "method": method, "path": path, "query_string": query}
    await app({**scope, "headers": pairs}, receive, send)
    return done


def ask(app: Any, method: str, path: str, **options: Any) -> Exchange:
    """Send a request as :func:`exchange` does, in a new event loop."""
    return asyncio.run(exchange(app, method, path, **options))
