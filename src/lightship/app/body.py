"""Reading a request's body within limits: bytes, also after inflating it, time, and bytes of all bodies together."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from typing import Any

from lightship.errors import BodyTimeout, InvalidInput, Overloaded, TooLarge, UnsupportedMedia

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# zlib's window bits: 47 takes gzip and zlib by their own headers.
_WINDOW_BITS = 47
_GZIP = b"\x1f\x8b"
_MAX_MEMBERS = 100  # what is left is copied after each of them

# A body may inflate to so many times its size, and to a mebibyte in any case: numbers shrink to a tenth, and what
# shrinks to less than a two-hundredth was made to be large.
MAX_RATIO = 200
_ANY_RATIO = 1024 * 1024


class Bodies:
    """Bytes of request bodies in memory, of all requests together; ``limit`` is the most, 0 for no limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.size = 0

    def take(self, size: int) -> None:
        """Count bytes that came into memory; raises Overloaded, and counts nothing, beyond the limit."""
        if self._limit and self.size + size > self._limit:
            raise Overloaded("the server holds as many request bodies as it may: send the request again in a moment")
        self.size += size


class ClientDisconnected(Exception):
    """The client closed the connection before its body was complete."""


class Body:
    """One request's body. It counts among all bodies until :meth:`release`."""

    def __init__(self, bodies: Bodies, *, limit: int) -> None:
        self._bodies = bodies
        self._limit = limit
        self._taken = 0

    async def read(self, receive: Receive, headers: Mapping[str, str], *, seconds: float) -> bytes:
        """The whole body as it was sent; raises TooLarge, BodyTimeout, Overloaded or ClientDisconnected."""
        import asyncio  # Lambda has its bodies, and starts sooner without

        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared[:20]) > self._limit:
            raise _too_large(self._limit)
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
                raise _too_large(self._limit)
            self.take(len(part))
            parts.append(part)
            more = message.get("more_body", False)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def take(self, size: int) -> None:
        """Count bytes of this request; raises Overloaded."""
        self._bodies.take(size)
        self._taken += size

    def release(self) -> None:
        """The request is answered: its bytes count no longer."""
        self._bodies.size -= self._taken
        self._taken = 0


async def drop(receive: Receive, *, limit: int, seconds: float) -> None:
    """Read the body of a request that was refused, and keep nothing of it; never raises.

    Many clients send the whole body before they look for an answer: closed on, they would see no answer but an error.
    """
    import asyncio

    dropped, more = 0, True
    try:
        async with asyncio.timeout(seconds or None):
            while more and dropped <= limit:
                message = await receive()
                dropped += len(message.get("body", b""))
                more = message["type"] == "http.request" and message.get("more_body", False)
    except TimeoutError:
        return


def inflate(body: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """The body without its Content-Encoding; raises TooLarge, InvalidInput or UnsupportedMedia."""
    if len(body) > limit:
        raise _too_large(limit)
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise UnsupportedMedia(f"the body's encoding is {encoding[:40]}: gzip, deflate or none is accepted")
    room = min(limit, max(_ANY_RATIO, MAX_RATIO * len(body)))
    refusal = _too_large(limit)
    if room < limit:
        refusal = TooLarge(f"the body inflates to more than {MAX_RATIO} times its size: send it without {encoding}")
    try:
        return b"".join(_members(body, encoding, room, refusal))
    except zlib.error:
        raise InvalidInput(f"the body is not {encoding}, as its Content-Encoding says") from None


def _members(body: bytes, encoding: str, room: int, refusal: TooLarge) -> Iterator[bytes]:
    """What a body inflates to. A gzip file may be several, one after the other (RFC 1952)."""
    raw = encoding == "deflate" and not body.startswith(_GZIP) and not _is_zlib(body)
    bits = -zlib.MAX_WBITS if raw else _WINDOW_BITS
    for _ in range(_MAX_MEMBERS):
        inflater = zlib.decompressobj(bits)
        inflated = inflater.decompress(body, room + 1)
        room -= len(inflated)
        if room < 0:
            raise refusal
        if not inflater.eof:
            raise InvalidInput(f"the {encoding} body is cut off")
        yield inflated
        body = inflater.unused_data
        if not body:
            return
        if not body.startswith(_GZIP):
            break
    raise InvalidInput(f"after the end of the {encoding} body come {len(body)} bytes more")


def _is_zlib(body: bytes) -> bool:
    """Whether it begins as RFC 1950 says; some clients send the bare RFC 1951 stream and call it deflate, too."""
    return len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"the body is larger than {limit} bytes: send fewer rows at a time, or a file with `lightship batch`"
    )
