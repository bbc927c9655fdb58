"""Protection of the local AWS API, which accepts any credentials, from web pages.

A page of any site can send requests to the loopback interface. To deny it access, requests of another origin are
refused, and so are requests with a foreign Host header, which a page has that resolved its own name to 127.0.0.1 (DNS
rebinding).

Exempt are presigned URLs of objects, as the pages of a local API use them to send and read files. The origin of these
pages is on the loopback interface, too, which no site on the internet can have.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

# Sec-Fetch-Site of requests from the same origin's pages or the address bar (W3C Fetch Metadata).
_OWN = {"same-origin", "none"}

_METHODS = {"GET", "HEAD", "OPTIONS", "PUT"}
_SIGNATURES = {"X-Amz-Signature", "Signature"}


class Guard:
    """WSGI middleware that passes requests of programs and same-origin pages only."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer with 403 and the reason, or pass the request on."""
        if (reason := refusal(environ)) is None:
            return self._application(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")])
        return [f"{reason}\n".encode()]


def refusal(environ: Mapping[str, Any]) -> str | None:
    """Return why a request is refused; None if it is allowed."""
    host = str(environ.get("HTTP_HOST", ""))
    if not _is_local(host):
        return "the Host header must be 127.0.0.1 or localhost"
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and _is_presigned(environ) and _is_local(urlsplit(str(origin)).netloc):
        return None
    if origin is not None and urlsplit(str(origin)).netloc != host:
        return "requests of web pages of another origin are refused"
    site, mode = environ.get("HTTP_SEC_FETCH_SITE", "none"), environ.get("HTTP_SEC_FETCH_MODE")
    # A navigation within the site is a link, such as one from the API of `lightship up` to a result.
    if site in _OWN or (site == "same-site" and mode == "navigate"):
        return None
    return "requests of web pages of another origin are refused"


def _is_presigned(environ: Mapping[str, Any]) -> bool:
    """Return whether a request uses a presigned URL of an object."""
    signed = not _SIGNATURES.isdisjoint(parse_qs(str(environ.get("QUERY_STRING", ""))))
    return signed and environ.get("REQUEST_METHOD") in _METHODS


def _is_local(host: str) -> bool:
    """Return whether a Host header names the loopback interface.

    Browsers resolve names below localhost only to it.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
