"""Rules of HTTP for every path: HEAD, OPTIONS and trailing slashes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from lightship import protocols
from lightship.errors import MethodNotAllowed
from lightship.protocols.http import Response

# Paths that keep their slash, because their pages have relative links.
_WITH_SLASH = frozenset({"/", "/docs/"})


def canonical(path: str) -> str:
    """Return a path without its trailing slash."""
    return path[:-1] if path.endswith("/") and path not in _WITH_SLASH else path


def without_body(response: Response) -> Response:
    """Return the response to HEAD: the headers of the response to GET.

    Content-Length is that of the body that GET returns.
    """
    length = {"content-length": str(len(response.body))}
    return replace(response, body=b"", headers={**length, **response.headers}, file=None)


def protocol_methods(path: str) -> tuple[str, ...]:
    """Return the methods of the protocols' routes for a path; empty without a route."""
    try:
        protocols.match("OPTIONS", path)
    except MethodNotAllowed as error:
        return error.allowed
    return ()


def allow(methods: Collection[str]) -> str:
    """Return the value of ``Allow`` for these methods, with HEAD and OPTIONS."""
    head = ("HEAD",) if "GET" in methods else ()
    return ", ".join(sorted({*methods, *head, "OPTIONS"}))
