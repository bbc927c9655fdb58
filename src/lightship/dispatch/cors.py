"""Cross-origin resource sharing: the origins whose pages may read responses.

https://fetch.spec.whatwg.org/#http-cors-protocol. Pure functions of the headers. Credentials (cookies) are never
shared; tokens are sent in Authorization.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

# Response headers that a page may read besides the content type.
EXPOSED = (
    "x-correlation-id, lightship-model, lightship-version, lightship-cache, inference-header-content-length, etag, "
    "content-range, repr-digest"
)

# Seconds for which a browser may cache a preflight response.
_MAX_AGE = "600"

_NAMES = re.compile(r"[A-Za-z0-9_\-, ]{1,2000}")


class Cors(NamedTuple):
    """The origins whose pages may read responses; ``*`` allows all."""

    origins: Collection[str] = ()

    def allowed(self, origin: str) -> str:
        """Return the value of ``Access-Control-Allow-Origin``; empty if not allowed."""
        if "*" in self.origins:
            return "*"
        return origin if origin in self.origins else ""

    def answer_headers(self, origin: str) -> dict[str, str]:
        """Return the headers to add to any response, including errors.

        ``origin`` is the request's, or empty.
        """
        if not self.origins:
            return {}
        headers = {} if "*" in self.origins else {"vary": "origin"}
        if origin and (allowed := self.allowed(origin)):
            headers |= {"access-control-allow-origin": allowed, "access-control-expose-headers": EXPOSED}
        return headers

    def preflight_headers(self, request: Mapping[str, str], methods: str) -> dict[str, str]:
        """Return the headers of the response to OPTIONS.

        ``methods`` are the path's, ``request`` are the request's headers.
        """
        headers = {"allow": methods, **self.answer_headers(request.get("origin", ""))}
        headers.pop("access-control-expose-headers", None)
        if "access-control-allow-origin" in headers and "access-control-request-method" in request:
            headers |= {"access-control-allow-methods": methods, "access-control-max-age": _MAX_AGE}
            requested = request.get("access-control-request-headers", "")
            if _NAMES.fullmatch(requested):
                headers["access-control-allow-headers"] = requested
        return headers


def merged(headers: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Return a response's headers with others added; ``Vary`` keeps its values."""
    vary = ", ".join(filter(None, (headers.get("vary"), added.get("vary"))))
    return {**headers, **added, **({"vary": vary} if vary else {})}
