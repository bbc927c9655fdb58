"""OpenAPI of the Open Inference Protocol: paths with parameters, for all models."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.calls import ModelState
from lightship.protocols.http import Route
from lightship.protocols.openapi import ANY_OBJECT, Paths, Protocol, json_body, response
from lightship.protocols.openinference.binary import DATATYPES
from lightship.tensors.schemas import STRING, Schema

# Ids and summaries by the route's path, without the part of a version.
_OPERATIONS = {
    "/v2": ("get_server", "Get the server's name and extensions"),
    "/v2/health/live": ("get_liveness", "Get the liveness of the process"),
    "/v2/health/ready": ("get_readiness", "Get the readiness of the models"),
    "/v2/models/stats": ("list_statistics", "List the statistics of all models"),
    "/v2/models/{name}": ("get_model", "Get the tensors and versions of a model"),
    "/v2/models/{name}/infer": ("infer", "Predict with a model"),
    "/v2/models/{name}/ready": ("get_model_readiness", "Get the readiness of a model"),
    "/v2/models/{name}/config": ("get_model_config", "Get the configuration of a model"),
    "/v2/models/{name}/stats": ("get_model_statistics", "Get the statistics of a model"),
    "/v2/repository/index": ("list_versions", "List the versions of all models"),
    "/v2/repository/models/{name}/load": ("load_model", "Load a model"),
    "/v2/repository/models/{name}/unload": ("unload_model", "Unload a model from this process"),
}
_VERSION = "/versions/{version}"
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
    name, summary = _OPERATIONS[route.path.replace(_VERSION, "")]
    if _VERSION in route.path:
        name, summary = f"{name}_version", summary.replace("a model", "a version of a model")
    answer = response("The response", _RESPONSE if infer else _answer(route))
    operation = _OPENINFERENCE.operation(summary, f"v2_{name}", answer, parameters=route.pattern.groupindex)
    operation["responses"]["503"] = response("The model is not ready", ANY_OBJECT)
    if route.method == "POST":
        operation["requestBody"] = json_body(_REQUEST if infer else ANY_OBJECT, required=infer)
    return {route.path: {verb: operation}}


def _answer(route: Route) -> Schema:
    return {"type": "array", "items": ANY_OBJECT} if route.operation == "index" else ANY_OBJECT
