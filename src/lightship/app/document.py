"""The OpenAPI document: FastAPI's own merged with the protocols' descriptions.

A model that cannot be described is listed with an error and does not affect the others.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from lightship import protocols
from lightship.calls import ModelState
from lightship.protocols.http import Route
from lightship.protocols.openapi import Paths, path_of

_LOG = logging.getLogger(__name__)

_SCHEME = "bearer"
_LARGEST = 4096  # bytes of an object's schema that is repeated where it is used
_VERBS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


def document(own: Mapping[str, Any], models: Sequence[ModelState], *, token: bool, root: str = "") -> dict[str, Any]:
    """Return the OpenAPI document for these models; a broken model does not fail it.

    ``own`` is FastAPI's document, ``token`` is true where requests need a bearer token, ``root`` is the prefix of all
    paths.
    """
    paths: Paths = {path: dict(operations) for path, operations in own.get("paths", {}).items()}
    for protocol in protocols.protocols():
        for route in protocol.routes:
            for path, operations in _described(route, models).items():
                paths.setdefault(path, {}).update(operations)
    _make_ids_unique(paths)
    merged = _with_components({**own, "paths": paths})
    if root:
        merged["servers"] = [{"url": root}]
    return _secured(merged) if token else merged


def _described(route: Route, models: Sequence[ModelState]) -> Paths:
    """Return a route's paths, marked where they need no authentication."""
    try:
        paths: Paths = route.describe(route, models)
    except Exception:
        paths = {}
        for state in models:
            paths |= _described_model(route, state)
    if route.scope == "open":
        for operations in paths.values():
            for operation in operations.values():
                operation["security"] = []
    return paths


def _described_model(route: Route, state: ModelState) -> Paths:
    try:
        paths: Paths = route.describe(route, [state])
    except Exception as error:
        _LOG.exception("model '%s' cannot be described in OpenAPI for %s", state.name, route.path)
        return {path_of(route, state): {route.method.lower(): _undescribed(route, state, error)}}
    return paths


def _undescribed(route: Route, state: ModelState, error: Exception) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": f"{state.name}: the model cannot be described",
        "description": f"The model answers, but its tensors cannot be described here ({type(error).__name__}).",
        "tags": [state.name],
        "operationId": f"{route.method.lower()}{re.sub('[^A-Za-z0-9.-]+', '_', path_of(route, state))}",
        "responses": {"200": {"description": "The response"}, "4XX": {"description": "Client error"}},
    }
    if route.method == "POST":
        operation["requestBody"] = {"content": {"application/json": {"schema": {"type": "object"}}}}
    return operation


def _with_components(merged: dict[str, Any]) -> dict[str, Any]:
    """Return a document with large schemas of objects once, as components.

    A table of a thousand columns is in dozens of schemas: as rows and as columns, of several protocols and routes.
    """
    components = merged.get("components", {})
    schemas: dict[str, Any] = dict(components.get("schemas", {}))
    paths = _referring(merged["paths"], schemas)
    return {**merged, "paths": paths, "components": {**components, "schemas": schemas}}


def _referring(value: Any, schemas: dict[str, Any]) -> Any:
    """Return a part of a document that refers to its large schemas.

    They are added to ``schemas``.
    """
    if isinstance(value, list):
        return [_referring(item, schemas) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: item if key == "example" else _referring(item, schemas) for key, item in value.items()}
    if made.get("type") != "object" or len(text := orjson.dumps(made)) <= _LARGEST:
        return made
    name = f"object_{hashlib.sha256(text).hexdigest()[:12]}"
    schemas[name] = made
    return {"$ref": f"#/components/schemas/{name}"}


def _make_ids_unique(paths: Paths) -> None:
    """Make operation ids unique.

    The id of one model may equal that of a version of another model.
    """
    counts: dict[str, int] = {}
    for operations in paths.values():
        for verb in _VERBS & operations.keys():
            name = operations[verb].get("operationId")
            if name is None:
                continue
            counts[name] = count = counts.get(name, 0) + 1
            if count > 1:
                operations[verb] = {**operations[verb], "operationId": f"{name}__{count}"}


def _secured(merged: dict[str, Any]) -> dict[str, Any]:
    """Return the document of a server that requires a token.

    Adds the security scheme, and the response 401 to every operation that requires the token.
    """
    scheme = {"type": "http", "scheme": "bearer", "description": "The value of LIGHTSHIP_TOKEN."}
    components = merged.get("components", {})
    schemes = {**components.get("securitySchemes", {}), _SCHEME: scheme}
    paths: Paths = {}
    for path, operations in merged["paths"].items():
        paths[path] = {verb: _with_refusal(entry) if verb in _VERBS else entry for verb, entry in operations.items()}
    return {
        **merged,
        "paths": paths,
        "components": {**components, "securitySchemes": schemes},
        "security": [{_SCHEME: []}],
    }


def _with_refusal(operation: dict[str, Any]) -> dict[str, Any]:
    if operation.get("security") == []:
        return operation
    responses = operation.get("responses", {})
    refusal = {**responses.get("4XX", {}), "description": "No token, or a wrong one"}
    return {**operation, "responses": {"401": refusal, **responses}}
