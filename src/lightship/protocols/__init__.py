"""The wire protocols. Adding one: one file, one entry here, one test.

A protocol is imported when a path of its own is asked for first, so that a cold start pays for one and not for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module

from lightship.errors import LightshipError, MethodNotAllowed
from lightship.protocols.http import Response, Route, WireProtocol

NATIVE = "lightship.protocols.native"

# Modules by the beginnings of the paths that are theirs; errors of any other path are the native protocol's.
MODULES: dict[str, tuple[str, ...]] = {
    NATIVE: ("/predict", "/models", "/health", "/metrics"),
    "lightship.protocols.openinference": ("/v2",),
    "lightship.protocols.tfserving": ("/v1/",),
    "lightship.protocols.documentation": ("/docs",),
    "lightship.protocols.mlflow": ("/invocations", "/endpoints/", "/ping", "/version"),
}

# Routes without parameters by path and method, of the protocols that were asked so far: what is hot is found at once.
_FIXED: dict[tuple[str, str], Route] = {}


def protocols() -> list[WireProtocol]:
    """All of them, imported."""
    return [_load(module) for module in MODULES]


def match(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route for a method and path with the path's parameters; None where no protocol has the path.

    Raises MethodNotAllowed where a protocol has the path with other methods only.
    """
    if (route := _FIXED.get((path, method))) is not None:
        return route, {}
    module = owner(path)
    if module is None:
        return None
    patterns = _patterns(module)
    if (route := _FIXED.get((path, method))) is not None:  # the first request of this protocol
        return route, {}
    for pattern, candidate in patterns:
        if candidate.method == method and (found := pattern.fullmatch(path)):
            return candidate, found.groupdict()
    allowed = {known_method for known, known_method in _FIXED if known == path}
    allowed |= {route.method for pattern, route in patterns if pattern.fullmatch(path)}
    if allowed:
        raise method_not_allowed(method, path, allowed)
    return None


def method_not_allowed(method: str, path: str, allowed: Iterable[str]) -> MethodNotAllowed:
    """Return the error for a method that a path does not have."""
    ordered = tuple(sorted(allowed))
    return MethodNotAllowed(f"{path[:120]} takes {', '.join(ordered)}, not {method[:20]}", allowed=ordered)


def render_error(error: LightshipError, path: str) -> Response:
    """An error in the shape of the protocol that owns the path; the native one's for any other path."""
    return _load(owner(path) or NATIVE).error(error)


def owner(path: str) -> str | None:
    """Return the module of the protocol that has a path's beginning; None where none has."""
    if path == "/":  # KServe's V1 asks there whether the server lives
        return "lightship.protocols.tfserving"
    if path.endswith("/invoke") and path.startswith("/models/") and path.count("/") == 3:
        return "lightship.protocols.mlflow"
    return next((module for module, prefixes in MODULES.items() if path.startswith(prefixes)), None)


@cache
def _load(module: str) -> WireProtocol:
    protocol: WireProtocol = import_module(module).PROTOCOL
    return protocol


@cache
def _patterns(module: str) -> list[tuple[re.Pattern[str], Route]]:
    """A protocol's routes with parameters by expression; those without are in :data:`_FIXED` from now on."""
    routes = _load(module).routes
    _FIXED.update({(route.path, route.method): route for route in routes if "{" not in route.path})
    return [(route.pattern, route) for route in routes if "{" in route.path]
