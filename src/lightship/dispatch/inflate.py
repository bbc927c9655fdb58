"""Decompression of a request's body by its Content-Encoding, within limits."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

from lightship.errors import InvalidInput, TooLarge, UnsupportedMedia

# zlib's window bits: 47 accepts gzip and zlib by their own headers.
_WINDOW_BITS = 47
_GZIP = b"\x1f\x8b"
_MAX_MEMBERS = 100  # each member copies the remaining bytes

# A body may inflate to this many times its size, and to a mebibyte in any case: numbers shrink to a tenth; a body that
# shrinks to less than a two-hundredth is likely a decompression bomb.
MAX_RATIO = 200
_ANY_RATIO = 1024 * 1024


def inflate(body: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """Return the body without its Content-Encoding.

    Raises TooLarge, InvalidInput or UnsupportedMedia.
    """
    if len(body) > limit:
        raise too_large(limit)
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise UnsupportedMedia(f"the body has Content-Encoding {encoding[:40]}: gzip, deflate or none is expected")
    allowed = min(limit, max(_ANY_RATIO, MAX_RATIO * len(body)))
    refusal = too_large(limit)
    if allowed < limit:
        refusal = TooLarge(f"the body inflates to more than {MAX_RATIO} times its size: send it without {encoding}")
    try:
        return b"".join(_members(body, encoding, allowed, refusal))
    except zlib.error:
        raise InvalidInput(f"the body is not valid {encoding}, which its Content-Encoding declares") from None


def _members(body: bytes, encoding: str, allowed: int, refusal: TooLarge) -> Iterator[bytes]:
    """Yield the decompressed members; a gzip file may have several (RFC 1952)."""
    raw = encoding == "deflate" and not body.startswith(_GZIP) and not _is_zlib(body)
    bits = -zlib.MAX_WBITS if raw else _WINDOW_BITS
    for _ in range(_MAX_MEMBERS):
        inflater = zlib.decompressobj(bits)
        inflated = inflater.decompress(body, allowed + 1)
        allowed -= len(inflated)
        if allowed < 0:
            raise refusal
        if not inflater.eof:
            raise InvalidInput(f"the {encoding} body is cut off")
        yield inflated
        body = inflater.unused_data
        if not body:
            return
        if not body.startswith(_GZIP):
            raise InvalidInput(f"there are {len(body)} bytes after the end of the {encoding} body")
    raise InvalidInput(f"the {encoding} body has more than {_MAX_MEMBERS} members: compress it as a whole")


def _is_zlib(body: bytes) -> bool:
    """Return whether a body has the zlib header of RFC 1950.

    Some clients send raw RFC 1951 data as deflate.
    """
    return len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2]) % 31 == 0


def too_large(limit: int) -> TooLarge:
    """Return the error for a body of more than ``limit`` bytes."""
    return TooLarge(
        f"the body is larger than {limit} bytes: send fewer rows at a time, or a file with `lightship batch`"
    )
