"""The range of bytes that a request asks for (RFC 9110, 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from lightship.errors import RangeNotSatisfiable

_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


class Range(NamedTuple):
    """Bytes of a file; ``is_partial`` where the client asked for a part."""

    start: int
    length: int
    is_partial: bool


def requested(headers: Mapping[str, str], size: int, *, etag: str) -> Range:
    """Return the range in the request's headers, or the whole file.

    Several ranges and other units are ignored, as is a range of an older file (If-Range). Raises RangeNotSatisfiable
    for a range without bytes of the file.
    """
    matched = _RANGE.fullmatch(headers.get("range", ""))
    first, last = matched.groups() if matched else ("", "")
    if not (first or last) or headers.get("if-range", etag) != etag:
        return Range(0, size, False)
    if first and last and int(last) < int(first):  # not a range
        return Range(0, size, False)
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise RangeNotSatisfiable(f"the file has {size} bytes, and the range begins after them", size=size)
    return Range(start, end - start, True)
