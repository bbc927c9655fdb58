"""Registry of the wire protocols.

A new protocol is one module, one entry here and one test file. A protocol is imported for the first request to one of
its paths, so that a cold start imports one protocol only.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import import_module

from lightship.errors import LightshipError, MethodNotAllowed
from lightship.protocols.http import Matched, Response, WireProtocol

NATIVE = "lightship.protocols.native"

# Path prefixes of each protocol's module; errors of any other path are the native protocol's.
MODULES: dict[str, tuple[str, ...]] = {
    NATIVE: ("/predict", "/models", "/health", "/metrics"),
    "lightship.protocols.openinference": ("/v2",),
    "lightship.protocols.tfserving": ("/v1/",),
    "lightship.protocols.documentation": ("/docs",),
    "lightship.protocols.web": ("/app/", "/service-worker.js"),
    "lightship.protocols.mlflow": ("/invocations", "/endpoints/", "/ping", "/version"),
}


def protocols() -> list[WireProtocol]:
    """Return all protocols, imported."""
    return [_load(module) for module in MODULES]


@lru_cache(maxsize=512)  # clients can send any number of paths, but use few
def match(method: str, path: str) -> Matched | None:
    """Return the route and path parameters; None where no protocol has the path.

    Raises MethodNotAllowed where a protocol has the path with other methods only.
    """
    module = owner(path)
    if module is None:
        return None
    routes = _load(module).routes
    for route in routes:
        if route.method == method and (parameters := route.parameters(path)) is not None:
            return Matched(route, parameters)
    if allowed := {route.method for route in routes if route.parameters(path) is not None}:
        raise method_not_allowed(method, path, allowed)
    return None


def method_not_allowed(method: str, path: str, allowed: Iterable[str]) -> MethodNotAllowed:
    """Return the error for a method that a path does not have."""
    ordered = tuple(sorted(allowed))
    return MethodNotAllowed(f"{path[:120]} takes {', '.join(ordered)}, not {method[:20]}", allowed=ordered)


def render_error(error: LightshipError, path: str) -> Response:
    """Return an error in the format of the protocol that owns the path.

    The native protocol owns all other paths.
    """
    return _load(owner(path) or NATIVE).error(error)


def owner(path: str) -> str | None:
    """Return the module of the protocol that owns a path; None without an owner."""
    if path == "/":  # the page, and KServe's V1 liveness probe
        return "lightship.protocols.web"
    if path.endswith("/invoke") and path.startswith("/models/") and path.count("/") == 3:
        return "lightship.protocols.mlflow"
    return next((module for module, prefixes in MODULES.items() if path.startswith(prefixes)), None)


@cache
def _load(module: str) -> WireProtocol:
    protocol: WireProtocol = import_module(module).PROTOCOL
    return protocol
