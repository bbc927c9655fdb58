"""Keep web pages away from AWS's API on this machine: it asks for no credentials that a page could not send.

A page of any site can send requests to the loopback interface. It must not be able to read or write here: requests of
another origin are refused, and so is a Host that is not this machine's, which is what a page has that resolved a name
of its own to 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

# What browsers say of a request that this origin's own pages or the address bar sent (W3C Fetch Metadata).
_OWN = {"same-origin", "none"}


class Guard:
    """A WSGI application in front of another, which gets the requests of programs and of its own pages alone."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer with 403 and a sentence, or pass the request on."""
        if (sentence := refusal(environ)) is None:
            return self._application(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")])
        return [f"{sentence}\n".encode()]


def refusal(environ: Mapping[str, Any]) -> str | None:
    """Return why a request is refused; None where it is not."""
    host = str(environ.get("HTTP_HOST", ""))
    if not _is_local(host):
        return "the Host header must be 127.0.0.1 or localhost"
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and urlsplit(str(origin)).netloc != host:
        return "requests of web pages of another origin are refused"
    site, mode = environ.get("HTTP_SEC_FETCH_SITE", "none"), environ.get("HTTP_SEC_FETCH_MODE")
    if site in _OWN or (site == "same-site" and mode == "navigate"):  # a link, as of `lightship up`'s API to a result
        return None
    return "requests of web pages of another origin are refused"


def _is_local(host: str) -> bool:
    """Whether a Host header names the loopback interface; browsers resolve names below localhost to nothing else."""
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
