"""OpenAPI of the native protocol: a schema and a recorded example for each model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import orjson

from lightship.calls import Call, ModelState
from lightship.inputs import kind_of, media_types, tables
from lightship.protocols.http import Route
from lightship.protocols.json import write
from lightship.protocols.openapi import (
    ANY_OBJECT,
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
    one_or_all,
    response,
    targets,
)
from lightship.tensors import Array, Signature, TensorSpec

# Larger examples are of no use and slow the page down.
_LARGEST_EXAMPLE = 4096

# Ids and summaries by the route's operation.
_READS = {
    "models": ("list_models", "List all models"),
    "model": ("get_model", "Get a model with its signatures"),
    "live": ("get_liveness", "Get the liveness of the process"),
    "ready": ("get_readiness", "Get the readiness of the models"),
    "metrics": ("get_metrics", "Get the metrics of the server for Prometheus (not on Lambda)"),
}
ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": STRING, "message": STRING},
        }
    },
}
_NATIVE = Protocol("lightship", ERROR)


def describe(route: Route, models: Sequence[ModelState]) -> Paths:
    """Return the OpenAPI paths of one route.

    Routes for predictions have one path per model whose manifest is known.
    """
    if route.operation == "predict":
        return {target.path: {"post": _predict(route, target)} for target in targets(route, models)}
    answer = response("The response", ANY_OBJECT)
    if route.operation == "metrics":
        answer = response("Metrics in the text format", STRING, "text/plain")
    if route.operation == "report":
        return {route.path: {"get": _report(route)}}
    name, summary = _READS[route.operation]
    operation = _NATIVE.operation(summary, name, answer, parameters=route.pattern.groupindex)
    return {route.path: {"get": operation}}


def _report(route: Route) -> Operation:
    of_version = "version" in route.pattern.groupindex
    name = "get_version_report" if of_version else "get_report"
    summary = f"Get the report of {'a version' if of_version else 'the default version'}"
    answer = response("The report: a page, or report.json with the measurements", STRING, "text/html")
    answer["content"] |= response("", ANY_OBJECT)["content"]
    operation = _NATIVE.operation(summary, name, answer, parameters=route.pattern.groupindex)
    schema = {"type": "string", "enum": ["html", "json"]}
    operation["parameters"].append({"name": "format", "in": "query", "schema": schema})
    return operation


def _predict(route: Route, target: Target) -> Operation:
    answer = response("Predictions, one per row", _answer(route, target.signature))
    name = "_".join(filter(None, ("predict", target.name)))
    operation = _NATIVE.operation(f"Predict with {target.title}", name, answer, tag=target.state.name)
    return operation | {"requestBody": _body(target.state, target.signature)}


def _body(state: ModelState, signature: Signature) -> dict[str, Any]:
    forms = one_or_all({spec.name: _input(spec) for spec in signature.inputs})
    if len(signature.inputs) > 1:
        forms = {"anyOf": [forms, {"type": "array", "items": exactly({s.name: _row(s) for s in signature.inputs})}]}
    body = json_body(exactly({"input": forms}))
    content: dict[str, Any] = body["content"]
    content["application/json"] |= _example(state, signature)
    for media_type in media_types(signature)[1:]:
        content[media_type] = {"schema": BINARY}
        if media_type == tables.MEDIA_TYPE:
            content[media_type] = {"schema": STRING, **_csv_example(state, signature)}
    return body


def _input(spec: TensorSpec) -> Schema:
    """Return the schema of an input: rows, one row, or a form of its kind."""
    rows = nested(spec, spec.shape)
    forms = [rows, nested(spec, spec.row_shape)] if spec.batched else [rows]
    forms += kind_of(spec).schemas(spec)
    return {"title": spec.name, "description": str(spec), "anyOf": forms}


def _row(spec: TensorSpec) -> Schema:
    """Return the schema of an input's value in a list of rows."""
    return nested(spec, spec.row_shape)


def _answer(route: Route, signature: Signature) -> Schema:
    outputs = {spec.name: nested(spec, spec.shape) for spec in signature.outputs}
    values = next(iter(outputs.values())) if len(outputs) == 1 else {"type": "object", "properties": outputs}
    if route.path == "/predict":
        return values
    properties: Schema = {"model": STRING, "version": {"type": "integer"}, "predictions": values}
    for spec in signature.outputs:
        if spec.classes:
            names = {name: {"type": "number"} for name in spec.classes}
            properties["classes"] = {"type": "array", "items": {"type": "object", "properties": names}}
    return {"type": "object", "required": ["model", "version", "predictions"], "properties": properties}


def _example(state: ModelState, signature: Signature) -> dict[str, Any]:
    if state.example is None:
        return {}
    values = {spec.name: _example_value(_first(state.example, spec), spec) for spec in signature.inputs}
    if not values or any(value is None for value in values.values()):
        return {}
    return {"example": {"input": next(iter(values.values())) if len(values) == 1 else values}}


def _first(example: Call, spec: TensorSpec) -> Array:
    """Return the first recorded row, or the whole tensor without a batch dimension."""
    array = example.inputs[spec.name]
    return array[:1] if spec.batched else array


def _example_value(row: Array, spec: TensorSpec) -> Any:
    if (encoded := kind_of(spec).encode(row, spec)) is not None:
        return encoded
    if math.prod(row.shape) > _LARGEST_EXAMPLE or not kind_of(spec).takes(row, spec):
        return None
    return orjson.loads(write(row))


def _csv_example(state: ModelState, signature: Signature) -> dict[str, Any]:
    if state.example is None:
        return {}
    names = [name for columns in tables.columns_of(signature).values() for name in columns]
    rows = [(spec, _first(state.example, spec)) for spec in signature.inputs]
    cells = [cell for spec, row in rows for cell in kind_of(spec).example_cells(row, spec)]
    texts = [
        cell.decode(errors="replace") if isinstance(cell, bytes) else "" if cell is None else str(cell)
        for cell in cells
    ]
    return {"example": f"{','.join(names)}\n{','.join(texts)}\n"}
