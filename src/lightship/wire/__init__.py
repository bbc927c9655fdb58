"""The wire protocols. Adding one: one file, one entry here, one test."""

from __future__ import annotations

import re

from lightship.errors import LightshipError, MethodNotAllowed
from lightship.wire import mlflow, native, openinference, tfserving
from lightship.wire.http import Response, Route, WireProtocol

PROTOCOLS: tuple[WireProtocol, ...] = (native.PROTOCOL, openinference.PROTOCOL, tfserving.PROTOCOL, mlflow.PROTOCOL)

_FIXED = {(route.path, route.method): (p, route) for p in PROTOCOLS for route in p.routes if "{" not in route.path}
_PATTERNS: list[tuple[re.Pattern[str], WireProtocol, Route]] = [
    (route.pattern, protocol, route) for protocol in PROTOCOLS for route in protocol.routes if "{" in route.path
]


def match(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route for a method and path with the path's parameters; None where no protocol has the path.

    Raises MethodNotAllowed where a protocol has the path with other methods only.
    """
    if (fixed := _FIXED.get((path, method))) is not None:
        return fixed[1], {}
    for pattern, _, route in _PATTERNS:
        if route.method == method and (found := pattern.fullmatch(path)):
            return route, found.groupdict()
    if allowed := allowed_methods(path):
        raise MethodNotAllowed(f"{path[:120]} takes {', '.join(allowed)}, not {method[:20]}", allowed=allowed)
    return None


def allowed_methods(path: str) -> tuple[str, ...]:
    """The methods that some protocol has for this path."""
    fixed = {method for (known, method) in _FIXED if known == path}
    return tuple(sorted(fixed | {route.method for pattern, _, route in _PATTERNS if pattern.fullmatch(path)}))


def render_error(error: LightshipError, path: str) -> Response:
    """An error in the shape of the protocol that owns the path; the native one's for any other path."""
    for protocol in PROTOCOLS:
        if path.startswith(protocol.prefixes):
            return protocol.error(error)
    return native.PROTOCOL.error(error)
