"""Reading a request's body: never more bytes than the limit, also after inflating it."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from typing import Any

from lightship.errors import InvalidInput, TooLarge, UnsupportedMedia

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# zlib's window bits: 47 takes gzip and zlib by their own headers.
_WINDOW_BITS = 47
_GZIP = b"\x1f\x8b"
_MAX_MEMBERS = 100  # what is left is copied after each of them


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """The whole body as it was sent; raises TooLarge or InvalidInput."""
    declared = headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidInput("the request ended before its body was complete")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def inflate(body: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """The body without its Content-Encoding; raises TooLarge, InvalidInput or UnsupportedMedia."""
    if len(body) > limit:
        raise _too_large(limit)
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise UnsupportedMedia(f"the body's encoding is {encoding[:40]}: gzip, deflate or none is accepted")
    try:
        return b"".join(_members(body, encoding, limit))
    except zlib.error:
        raise InvalidInput(f"the body is not {encoding}, as its Content-Encoding says") from None


def _members(body: bytes, encoding: str, limit: int) -> Iterator[bytes]:
    """What a body inflates to. A gzip file may be several, one after the other (RFC 1952)."""
    raw = encoding == "deflate" and not body.startswith(_GZIP) and not _is_zlib(body)
    bits, room = -zlib.MAX_WBITS if raw else _WINDOW_BITS, limit
    for _ in range(_MAX_MEMBERS):
        inflater = zlib.decompressobj(bits)
        inflated = inflater.decompress(body, room + 1)
        room -= len(inflated)
        if room < 0:
            raise _too_large(limit)
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
