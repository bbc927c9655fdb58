"""Reading a request's body within limits of size, time and total memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from lightship.dispatch.inflate import too_large
from lightship.errors import BodyTimeout, Overloaded

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Bodies:
    """Counter of the bytes of all request bodies in memory.

    ``limit`` is the maximum, 0 for no limit.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.size = 0

    def take(self, size: int) -> None:
        """Count bytes that are now in memory.

        Raises Overloaded beyond the limit and leaves the counter unchanged then.
        """
        if self._limit and self.size + size > self._limit:
            raise Overloaded("request bodies in memory have reached the server's limit: retry in a second")
        self.size += size


class ClientDisconnected(Exception):
    """The client closed the connection before its body was complete."""


class Body:
    """One request's body, counted among all bodies until :meth:`release`."""

    def __init__(self, bodies: Bodies, *, limit: int) -> None:
        self._bodies = bodies
        self._limit = limit
        self._taken = 0

    async def read(self, receive: Receive, headers: Mapping[str, str], *, seconds: float) -> bytes:
        """Return the whole body as it was sent.

        Raises TooLarge, BodyTimeout, Overloaded or ClientDisconnected.
        """
        import asyncio  # imported here: Lambda receives complete bodies and starts faster without asyncio

        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared[:20]) > self._limit:
            raise too_large(self._limit)
        try:
            async with asyncio.timeout(seconds or None):
                return await self._read(receive)
        except TimeoutError:
            raise BodyTimeout(f"the body was not complete within {seconds:g} seconds") from None

    async def _read(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnected
            part = message.get("body", b"")
            if self._taken + len(part) > self._limit:
                raise too_large(self._limit)
            self.take(len(part))
            parts.append(part)
            more = message.get("more_body", False)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def take(self, size: int) -> None:
        """Count bytes of this request; raises Overloaded."""
        self._bodies.take(size)
        self._taken += size

    def release(self) -> None:
        """Stop counting this request's bytes."""
        self._bodies.size -= self._taken
        self._taken = 0


async def discard(receive: Receive, *, limit: int, seconds: float) -> None:
    """Read and discard the body of a refused request; never raises.

    Many clients send the whole body before they read the response. If the connection were closed before that, they
    would see a connection error instead of the response.
    """
    import asyncio

    discarded, more = 0, True
    try:
        async with asyncio.timeout(seconds or None):
            while more and discarded <= limit:
                message = await receive()
                discarded += len(message.get("body", b""))
                more = message["type"] == "http.request" and message.get("more_body", False)
    except TimeoutError:
        return
