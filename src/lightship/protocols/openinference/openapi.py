"""OpenAPI of the Open Inference Protocol: paths with parameters, for all models."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.calls import ModelState
from lightship.protocols.http import Route
from lightship.protocols.openapi import ANY_OBJECT, STRING, Paths, Protocol, Schema, json_body, response
from lightship.protocols.openinference.binary import DATATYPES

_SUMMARIES = {
    "/v2": "The server and its extensions",
    "/v2/health/live": "Liveness of the process",
    "/v2/health/ready": "Readiness of the models",
    "/infer": "Infer",
    "/ready": "Readiness of a model",
    "/config": "A model's configuration",
    "/stats": "Statistics of models",
    "/index": "The versions of all models",
    "/load": "Load a model",
    "/unload": "Unload a model from this process",
    "": "A model's tensors and versions",
}
_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": STRING,
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"type": "string", "enum": list(DATATYPES.values())},
        "parameters": ANY_OBJECT,
        "data": {"type": "array", "items": {}},
    },
}
_REQUEST = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": STRING,
        "parameters": ANY_OBJECT,
        "inputs": {"type": "array", "minItems": 1, "items": _TENSOR},
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": STRING, "parameters": ANY_OBJECT},
            },
        },
    },
}
_RESPONSE = {
    "type": "object",
    "required": ["model_name", "outputs"],
    "properties": {
        "model_name": STRING,
        "model_version": STRING,
        "id": STRING,
        "outputs": {"type": "array", "items": _TENSOR},
    },
}
_OPENINFERENCE = Protocol(
    "Open Inference Protocol", {"type": "object", "required": ["error"], "properties": {"error": STRING}}
)


def describe(route: Route, models: Sequence[ModelState]) -> Paths:
    """Return the OpenAPI path of one route."""
    infer = route.operation == "predict"
    verb = route.method.lower()
    name = verb + route.path.replace("/", "_").replace("{", "").replace("}", "")
    answer = response("The response", _RESPONSE if infer else _answer(route))
    operation = _OPENINFERENCE.operation(_summary(route), name, answer, parameters=route.pattern.groupindex)
    operation["responses"]["503"] = response("The model is not ready", ANY_OBJECT)
    if route.method == "POST":
        operation["requestBody"] = json_body(_REQUEST if infer else ANY_OBJECT, required=infer)
    return {route.path: {verb: operation}}


def _summary(route: Route) -> str:
    ends = (end for end in _SUMMARIES if route.path.endswith(end) and not end.startswith("/v2"))
    return _SUMMARIES[route.path if route.path in _SUMMARIES else next(ends)]


def _answer(route: Route) -> Schema:
    return {"type": "array", "items": ANY_OBJECT} if route.operation == "index" else ANY_OBJECT
