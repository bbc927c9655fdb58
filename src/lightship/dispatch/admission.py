"""Admission: checks a request's headers before its body is read.

It authenticates, authorises, limits and identifies requests; the same for a server and Lambda, for the protocols'
routes and all others.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lightship.dispatch.callers import ANONYMOUS, TOKEN, caller_of
from lightship.dispatch.dispatcher import Dispatcher
from lightship.errors import Forbidden, HeadersTooLarge, InvalidInput, MethodNotAllowed, Unauthenticated, UrlTooLong
from lightship.protocols.http import Matched, Request

# API Gateway (10 KB) and browsers stay below these limits; a load balancer may forward up to 64 KB of headers.
MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
MAX_URL_BYTES = 8 * 1024

# Names of this machine: the only values of Host that a server on loopback accepts.
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Admission:
    """The check of a request's headers.

    Args:
        dispatcher: its routes determine what callers are authorised for.
        token: the bearer token that requests must carry; None where API Gateway authenticates, or on loopback.
        hosts: values accepted in ``Host``, without the port; empty for any. If not empty, requests other than GET,
            HEAD and OPTIONS from pages of other sites are refused too. This prevents DNS rebinding and cross-site
            request forgery.
        origins: origins of other sites that are allowed (CORS); ``*`` allows all.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        token: str | None = None,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
    ) -> None:
        self._dispatcher = dispatcher
        self._token = None if token is None else token.encode()
        self._hosts = frozenset() if "*" in hosts else frozenset(hosts)
        self._origins = frozenset(origins)

    def admit(self, request: Request, event: Mapping[str, Any] | None = None) -> Matched | None:
        """Set a request's ``id`` and ``caller``, and return its route.

        Returns None where no protocol has the path. ``event`` is API Gateway's: the caller that it names is
        authenticated and its headers are limited. Raises Unauthenticated, Forbidden, MethodNotAllowed, UrlTooLong or
        HeadersTooLarge.
        """
        context: Mapping[str, Any] = {} if event is None else event.get("requestContext") or {}
        request.id = context.get("requestId") or os.urandom(16).hex()
        if event is None or self._hosts:
            self.check(request)
        if self._token is not None:
            request.caller = TOKEN if _bears(self._token, request.headers) else None
        else:
            request.caller = ANONYMOUS if event is None else caller_of(context)
        try:
            matched = self._dispatcher.authorise(request)
        except MethodNotAllowed:
            if request.caller is None:
                raise Unauthenticated from None
            raise
        if matched is None and request.caller is None:
            raise Unauthenticated
        return matched

    def check(self, request: Request) -> None:
        """Raise UrlTooLong, HeadersTooLarge, or Forbidden for a refused host or origin."""
        _check_size(request)
        if self._hosts:
            self._check_site(request.method, request.headers)

    def _check_site(self, method: str, headers: Mapping[str, str]) -> None:
        """Raise Forbidden for an unknown ``Host`` or a request forged by another site."""
        host = headers.get("host", "").lower()
        if host and _without_port(host) not in self._hosts:
            raise Forbidden(
                f"the Host header is '{host[:80]}': this server accepts {', '.join(sorted(self._hosts))}; "
                "LIGHTSHIP_ALLOWED_HOSTS allows other names"
            )
        origin = headers.get("origin")
        if origin is None or method in _SAFE or not self._origins.isdisjoint({origin, "*"}):
            return
        if origin.lower().partition("://")[2] != host:
            raise Forbidden(f"the site {origin[:80]} may not send {method[:20]} requests to this server")


def read_headers(pairs: Sequence[tuple[bytes, bytes]], *, version: str) -> dict[str, str]:
    """Return the headers of an HTTP request by name.

    Headers that two servers could interpret differently (RFC 9112, sections 3.2 and 6.3) are refused. Raises
    HeadersTooLarge or InvalidInput.
    """
    if len(pairs) > MAX_HEADERS:
        raise HeadersTooLarge(f"the request has {len(pairs)} headers, more than the limit of {MAX_HEADERS}")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
    hosts = [value for name, value in pairs if name == b"host"]
    if len(hosts) > 1 or (version == "1.1" and not any(hosts)):  # granian adds an empty one if the header is missing
        raise InvalidInput(f"an HTTP/1.1 request must have one Host header, got {len(list(filter(None, hosts)))}")
    if "transfer-encoding" in headers and "content-length" in headers:
        raise InvalidInput("the request has both Content-Length and Transfer-Encoding: send only one of them")
    return headers


def _check_size(request: Request) -> None:
    size = len(request.path) + len(request.query)
    if size > MAX_URL_BYTES:
        raise UrlTooLong(f"the path and query have {size} characters, more than the limit of {MAX_URL_BYTES}")
    size = sum(map(len, request.headers)) + sum(map(len, request.headers.values()))
    if size > MAX_HEADER_BYTES:
        raise HeadersTooLarge(f"the headers have {size} bytes, more than the limit of {MAX_HEADER_BYTES}")


def _bears(token: bytes, headers: Mapping[str, str]) -> bool:
    """Return whether a request's ``Authorization`` is this bearer token."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    equal = hmac.compare_digest(credentials.encode(), token)
    return equal and scheme.lower() == "bearer"


def _without_port(host: str) -> str:
    name, separator, port = host.rpartition(":")
    return name if separator and port.isdecimal() else host
