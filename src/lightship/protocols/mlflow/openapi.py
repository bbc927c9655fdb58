"""OpenAPI of MLflow's protocol: ``inputs`` by name, a form for every model."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.calls import ModelState
from lightship.protocols.http import Route
from lightship.protocols.openapi import (
    BINARY,
    Operation,
    Paths,
    Protocol,
    Target,
    by_name,
    exactly,
    json_body,
    response,
    targets,
    value,
)
from lightship.tensors.schemas import STRING, Schema

_READS = {
    "/ping": ("get_readiness", "Get the readiness of the default model"),
    "/version": ("get_version", "Get the server's version"),
}
# Ids and ends of summaries.
_PREDICTIONS = {
    "/invocations": ("predict", ""),
    "/models/{name}/invoke": ("invoke", ", one of several models of SageMaker"),
    "/endpoints/{name}/invocations": ("query", ", an endpoint of MLflow's deployments client"),
}
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
        return {target.path: {"post": _predict(route, target)} for target in targets(route, models)}
    text: Schema = {"content": {"text/plain": {}}}
    name, summary = _READS[route.path]
    operation = _MLFLOW.operation(summary, f"mlflow_{name}", {"description": "The response", **text})
    if route.path == "/ping":
        operation["responses"]["503"] = {"description": "The default model is not ready", **text}
    return {route.path: {"get": operation}}


def _predict(route: Route, target: Target) -> Operation:
    verb, form = _PREDICTIONS[route.path]
    name = "_".join(filter(None, ("mlflow", verb, target.name)))
    answer = response("One prediction per row", {"type": "object", "required": ["predictions"]})
    answer["content"][_NPY] = {"schema": BINARY}
    operation = _MLFLOW.operation(f"Predict with {target.title}{form}", name, answer)
    inputs = target.signature.inputs
    schema = exactly({"inputs": by_name(target.signature, value)})
    operation["requestBody"] = json_body(schema)
    if len(inputs) == 1:
        operation["requestBody"]["content"][_NPY] = {"schema": BINARY}
    return operation
