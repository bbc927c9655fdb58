"""MLflow's scoring protocol in OpenAPI's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lightship.calls import ModelState
from lightship.protocols.http import Route
from lightship.tensors import Signature, TensorSpec

_TYPES = {"f": "number", "i": "integer", "u": "integer", "b": "boolean", "O": "string"}
_SUMMARIES = {"/ping": "Whether the default model can be asked", "/version": "The server's version"}
_ERROR = {
    "type": "object",
    "required": ["error_code", "message"],
    "properties": {"error_code": {"type": "string"}, "message": {"type": "string"}},
}


def describe(route: Route, models: Sequence[ModelState]) -> dict[str, Any]:
    """OpenAPI paths of one route; the form that every model takes is described: ``inputs`` by name."""
    if route.operation != "predict":
        operation = _operation(_SUMMARIES[route.path], route.path)
        operation["responses"]["200"] = {"description": "The answer", "content": {"text/plain": {}}}
        if route.path == "/ping":
            operation["responses"]["503"] = {"description": "It cannot", "content": {"text/plain": {}}}
        return {route.path: {"get": operation}}
    paths = {}
    for state in models:
        if state.manifest is not None and (state.default or "{name}" in route.path):
            path = route.path.replace("{name}", state.name)
            paths[path] = {"post": _predict(state.name, path, state.manifest.signature())}
    return paths


def _predict(name: str, path: str, signature: Signature) -> dict[str, Any]:
    operation = _operation(f"Predict with {name}", path)
    schema = _object({"inputs": _object({spec.name: _nested(spec) for spec in signature.inputs})})
    content = {"application/json": {"schema": schema}}
    if len(signature.inputs) == 1:
        content["application/x-npy"] = {"schema": {"type": "string", "format": "binary"}}
    operation["requestBody"] = {"required": True, "content": content}
    answer = {"type": "object", "required": ["predictions"]}
    operation["responses"]["200"] = _content("One prediction per row", answer)
    operation["responses"]["200"]["content"]["application/x-npy"] = {"schema": {"type": "string", "format": "binary"}}
    return operation


def _operation(summary: str, path: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "tags": ["MLflow"],
        "operationId": "mlflow_" + path.strip("/").replace("/", "_"),
        "responses": {"4XX": _content("What was wrong", _ERROR)},
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": False}


def _nested(spec: TensorSpec) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": _TYPES[spec.numpy.kind]}
    if schema["type"] == "integer":
        limits = np.iinfo(spec.numpy)
        schema |= {"minimum": int(limits.min), "maximum": int(limits.max)}
    for size in reversed(spec.shape):
        schema = {"type": "array", "items": schema}
        schema |= {"minItems": 1} if size is None else {"minItems": size, "maxItems": size}
    return schema


def _content(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
