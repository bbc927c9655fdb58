"""The page ``/docs``: Swagger UI for ``/openapi.json``.

It needs no authentication: it names no model and loads no third-party file. Where a token is set, the page's script
asks for it and sends it with the request for ``/openapi.json``, which does name models. Links are relative, so that the
page works behind any prefix (a stage, an API mapping, a proxy).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lightship.calls import Health
from lightship.protocols import native
from lightship.protocols.http import Response, Route, WireProtocol
from lightship.protocols.security import DATA_POLICY, security_headers

# Scripts from this server only, no framing, no requests to other origins. Swagger UI has styles in attributes, and
# images in its style sheet.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

_PAGE = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lightship</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon.png">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; openapi.json is the document that it shows.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""


def encode_page(_: Health) -> Response:
    """Return the page."""
    return Response(200, _PAGE, {"content-type": "text/html; charset=utf-8", **security_headers(PAGE_POLICY)})


def encode_moved(_: Health) -> Response:
    """Redirect ``/docs/`` to ``/docs``, which the page's links are relative to."""
    return Response(308, b"", {"location": "../docs", **security_headers(DATA_POLICY)})


def encode_start(_: Health) -> Response:
    """Return the page's script."""
    return _file(Path(__file__).with_name("documentation.js").read_bytes(), "text/javascript; charset=utf-8")


def _asset(name: str, media_type: str) -> Callable[[Health], Response]:
    """Return an encoder for a file of Swagger UI in the package fastapi-offline."""

    def encode(_: Health) -> Response:
        return _file(_read(name), media_type)

    return encode


def _file(body: bytes, media_type: str) -> Response:
    headers = {"content-type": media_type, "cache-control": "max-age=3600", **security_headers(DATA_POLICY)}
    return Response(200, body, headers)


@cache
def _read(name: str) -> bytes:
    package = find_spec("fastapi_offline")  # located without importing it
    if package is None or package.origin is None:
        raise ModuleNotFoundError("fastapi_offline")
    return Path(package.origin).with_name("static").joinpath(name).read_bytes()


def _open(path: str, encode: Callable[[Health], Response]) -> Route:
    return Route("GET", path, "live", "open", encode)


PROTOCOL = WireProtocol(
    name="documentation",
    routes=(
        _open("/docs", encode_page),
        _open("/docs/", encode_moved),
        _open("/docs/start.js", encode_start),
        _open("/docs/swagger-ui-bundle.js", _asset("swagger-ui-bundle.js", "text/javascript; charset=utf-8")),
        _open("/docs/swagger-ui.css", _asset("swagger-ui.css", "text/css; charset=utf-8")),
        _open("/docs/favicon.png", _asset("favicon.png", "image/png")),
    ),
    error=native.encode_error,
)
