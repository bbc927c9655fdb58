"""Reading a request's body: never more bytes than the limit, also after inflating it."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from lightship.errors import InvalidInput, TooLarge, UnsupportedMedia

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# zlib's window bits: 47 takes gzip and zlib by their own headers.
_WINDOW_BITS = 47


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
    if encoding not in {"gzip", "deflate"}:
        raise UnsupportedMedia(f"the body's encoding is {encoding[:40]}: gzip, deflate or none is accepted")
    inflater = zlib.decompressobj(_WINDOW_BITS)
    try:
        inflated = inflater.decompress(body, limit + 1)
    except zlib.error:
        raise InvalidInput(f"the body is not {encoding}, as its Content-Encoding says") from None
    if len(inflated) > limit:
        raise _too_large(limit)
    if not inflater.eof:
        raise InvalidInput(f"the {encoding} body is cut off")
    return inflated


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit} bytes: send fewer rows at a time")
