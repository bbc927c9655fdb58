"""The Open Inference Protocol in OpenAPI's words: the paths with their parameters, the same for every model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightship.calls import ModelState
from lightship.protocols.http import Route
from lightship.protocols.openinference.binary import DATATYPES

_SUMMARIES = {
    "/v2": "The server and its extensions",
    "/v2/health/live": "Whether the process answers",
    "/v2/health/ready": "Whether models can be asked",
    "/infer": "Infer",
    "/ready": "Whether a model can be asked",
    "/config": "A model's configuration",
    "/stats": "What has been asked of models",
    "/index": "The versions of all models",
    "/load": "Load a model",
    "/unload": "Unload a model from this process",
    "": "A model's tensors and versions",
}
_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"type": "string", "enum": list(DATATYPES.values())},
        "parameters": {"type": "object"},
        "data": {"type": "array", "items": {}},
    },
}
_REQUEST = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "inputs": {"type": "array", "minItems": 1, "items": _TENSOR},
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "parameters": {"type": "object"}},
            },
        },
    },
}
_RESPONSE = {
    "type": "object",
    "required": ["model_name", "outputs"],
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "outputs": {"type": "array", "items": _TENSOR},
    },
}
_ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}


def describe(route: Route, models: Sequence[ModelState]) -> dict[str, Any]:
    """OpenAPI path of one route."""
    end = next(
        end for end in _SUMMARIES if route.path == end or (route.path.endswith(end) and not end.startswith("/v2"))
    )
    infer = route.operation == "predict"
    operation: dict[str, Any] = {
        "summary": _SUMMARIES[end],
        "tags": ["Open Inference Protocol"],
        "operationId": f"{route.method.lower()}{route.path.translate({47: 95, 123: None, 125: None})}",
        "responses": {
            "200": _json("The answer", _RESPONSE if infer else _answer(route)),
            "4XX": _json("What was wrong", _ERROR),
            "503": _json("The model cannot be asked now", {"type": "object"}),
        },
    }
    if names := route.pattern.groupindex:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if route.method == "POST":
        operation["requestBody"] = {
            "required": infer,
            "content": {"application/json": {"schema": _REQUEST if infer else {"type": "object"}}},
        }
    return {route.path: {route.method.lower(): operation}}


def _answer(route: Route) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object"}} if route.operation == "index" else {"type": "object"}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
