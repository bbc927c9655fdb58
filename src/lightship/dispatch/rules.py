"""Rules of HTTP that hold for every path alike: HEAD, OPTIONS and a trailing slash."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from lightship import protocols
from lightship.errors import MethodNotAllowed
from lightship.protocols.http import Response

# Paths that keep their slash: the links of the page there are relative.
_KEPT = frozenset({"/", "/docs/"})


def canonical(path: str) -> str:
    """Return a path without its trailing slash."""
    return path[:-1] if path.endswith("/") and path not in _KEPT else path


def without_body(response: Response) -> Response:
    """Return the response to HEAD: the headers of the response to GET, its length among them."""
    return replace(response, body=b"", headers={**response.headers, "content-length": str(len(response.body))})


def protocol_methods(path: str) -> tuple[str, ...]:
    """Return the methods that the protocols' routes have for a path; empty where none has the path."""
    try:
        protocols.match("OPTIONS", path)
    except MethodNotAllowed as error:
        return error.allowed
    return ()


def allow(methods: Collection[str]) -> str:
    """Return the value of ``Allow`` for a path with these methods, HEAD and OPTIONS included."""
    head = ("HEAD",) if "GET" in methods else ()
    return ", ".join(sorted({*methods, *head, "OPTIONS"}))
