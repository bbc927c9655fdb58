"""An ASGI application asked without a server: what it received, and what it sent."""

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
    """One request's answer; ``received`` counts the messages of the body that the application took."""

    status: int = 0
    headers: Mapping[str, str] = None  # type: ignore[assignment]
    body: bytes = b""
    received: int = 0
    received_before_answer: int = 0

    @property
    def code(self) -> str:
        """The error's code, in the native protocol's shape."""
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
    """Ask an application. ``body`` is the parts of a body, or what receives its messages."""
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
    """As :func:`exchange`, in an event loop of its own."""
    return asyncio.run(exchange(app, method, path, **options))
