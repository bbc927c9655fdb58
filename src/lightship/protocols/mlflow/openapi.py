"""OpenAPI of MLflow's protocol: ``inputs`` by name, a form for every model."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.calls import ModelState
from lightship.protocols.http import Route
from lightship.protocols.openapi import (
    BINARY,
    STRING,
    Operation,
    Paths,
    Protocol,
    Schema,
    Target,
    exactly,
    json_body,
    nested,
    response,
    targets,
)

_SUMMARIES = {"/ping": "Readiness of the default model", "/version": "The server's version"}
_NPY = "application/x-npy"
_MLFLOW = Protocol(
    "MLflow",
    {
        "type": "object",
        "required": ["error_code", "message"],
        "properties": {"error_code": STRING, "message": STRING},
    },
)


def describe(route: Route, models: Sequence[ModelState]) -> Paths:
    """Return the OpenAPI paths of one route."""
    if route.operation == "predict":
        return {target.path: {"post": _predict(target)} for target in targets(route, models)}
    text: Schema = {"content": {"text/plain": {}}}
    operation = _MLFLOW.operation(_SUMMARIES[route.path], _name(route.path), {"description": "The response", **text})
    if route.path == "/ping":
        operation["responses"]["503"] = {"description": "The default model is not ready", **text}
    return {route.path: {"get": operation}}


def _predict(target: Target) -> Operation:
    answer = response("One prediction per row", {"type": "object", "required": ["predictions"]})
    answer["content"][_NPY] = {"schema": BINARY}
    operation = _MLFLOW.operation(f"Predict with {target.state.name}", _name(target.path), answer)
    inputs = target.signature.inputs
    schema = exactly({"inputs": exactly({spec.name: nested(spec, spec.shape, limits=True) for spec in inputs})})
    operation["requestBody"] = json_body(schema)
    if len(inputs) == 1:
        operation["requestBody"]["content"][_NPY] = {"schema": BINARY}
    return operation


def _name(path: str) -> str:
    return "mlflow_" + path.strip("/").replace("/", "_")
