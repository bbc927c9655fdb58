"""The web application: the page at ``/``, its files and its settings.

All routes are open: the files are public and hold nothing of a model. Addresses in the files are relative, so that the
page works behind any prefix (a stage, an API mapping, a proxy). Clients that do not accept HTML receive at ``/`` the
answer to KServe's V1 liveness probe.

The files are made by ``make web`` from the folder ``web/``.
"""

from __future__ import annotations

import orjson

from lightship.calls import Health
from lightship.protocols import native, tfserving
from lightship.protocols.http import PageRequest, Response, Route, WireProtocol
from lightship.protocols.security import DATA_POLICY, page_policy, security_headers
from lightship.protocols.web import files
from lightship.version import __version__


def encode_root(asked: PageRequest) -> Response:
    """Return the page, or to clients that accept no HTML the state alive."""
    request = asked.request
    if "text/html" not in request.headers.get("accept", ""):
        alive = tfserving.encode_alive(Health(ready=True))
        return Response(alive.status, alive.body, {**alive.headers, "vary": "accept"})
    if request.unslashed:
        query = f"?{request.query}" if request.query else ""
        moved = {"location": f"{request.unslashed}/{query}", "vary": "accept"}
        return Response(308, b"", moved | security_headers(DATA_POLICY))
    response, policy = files.respond("index.html", request), page_policy(asked.settings.page.origins)
    if response is None:
        from lightship.protocols.web import unbuilt  # imported here: a server with a page needs none

        response, policy = unbuilt.respond(), unbuilt.POLICY
    response.headers.update(security_headers(policy), vary="accept, accept-encoding")
    return response


def encode_file(asked: PageRequest) -> Response:
    """Return a file below ``app/``; raises NotFound."""
    return _file(f"app/{asked.parameters['file']}", asked)


def encode_worker(asked: PageRequest) -> Response:
    """Return the service worker, for the page's folder; raises NotFound."""
    return _file("service-worker.js", asked)


def _file(name: str, asked: PageRequest) -> Response:
    response = files.respond(name, asked.request)
    if response is None:
        raise files.missing(name)
    # The policy of the page: a worker's own policy applies to its requests, not that of the page that starts it.
    response.headers.update(security_headers(page_policy(asked.settings.page.origins)))
    return response


def encode_settings(asked: PageRequest) -> Response:
    """Return what the page needs to know of the server, without secrets."""
    settings = asked.settings
    record = {
        "version": __version__,
        "sign_in": settings.page.sign_in_of(settings.token),
        "admin": settings.allow_admin,
        "jobs": settings.page.jobs,
        "max_body": settings.max_body,
    }
    headers = {"content-type": "application/json", "cache-control": "no-cache", **security_headers(DATA_POLICY)}
    return Response(200, orjson.dumps(record), headers)


# Names of files: no separators, and no leading dot.
_FILE = "/app/(?P<file>[A-Za-z0-9_][A-Za-z0-9._-]{0,127})"

PROTOCOL = WireProtocol(
    name="web",
    routes=(
        Route("GET", "/", "page", "open", encode_root),
        Route("GET", "/app/settings.json", "page", "open", encode_settings),
        Route("GET", "/app/{file}", "page", "open", encode_file, expression=_FILE),
        Route("GET", "/service-worker.js", "page", "open", encode_worker),
    ),
    error=native.encode_error,
)
