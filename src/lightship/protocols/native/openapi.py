"""The native protocol in OpenAPI's words: each model's own schemas, with a recorded example that works."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lightship.calls import Call, ModelState
from lightship.inputs import kind_of, media_types, tables
from lightship.protocols.http import Route
from lightship.protocols.json import plain
from lightship.tensors import Array, Signature, TensorSpec

# Beyond this many elements an example helps nobody and slows the page down.
_LARGEST_EXAMPLE = 4096

_JSON_TYPES = {"f": "number", "i": "integer", "u": "integer", "b": "boolean", "O": "string"}
_SUMMARIES = {
    "predict": "Predict",
    "models": "The catalogue of models",
    "model": "One model with its signatures",
    "live": "Whether the process answers",
    "ready": "Whether models can be served",
    "metrics": "What the server has counted, for Prometheus (not on Lambda)",
}
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}


def describe(route: Route, models: Sequence[ModelState]) -> dict[str, Any]:
    """OpenAPI paths of one route: for predictions, one path per model that is loaded."""
    if route.operation != "predict":
        operation = _operation(route, _SUMMARIES[route.operation])
        if route.operation == "metrics":
            text = {"text/plain": {"schema": {"type": "string"}}}
            operation["responses"]["200"] = {"description": "Metrics in the text format", "content": text}
        return {route.path: {"get": operation}}
    paths = {}
    for state in models:
        if state.manifest is None or (route.path == "/predict" and not state.default):
            continue
        path = route.path.replace("{name}", state.name).replace("{version}", str(state.version))
        paths[path] = {"post": _predict(route, path, state, state.manifest.signature())}
    return paths


def _operation(route: Route, summary: str, tag: str = "lightship") -> dict[str, Any]:
    names = route.pattern.groupindex
    operation: dict[str, Any] = {
        "summary": summary,
        "tags": [tag],
        "operationId": f"{route.operation}_{route.path.strip('/').replace('/', '_').translate({123: None, 125: None})}",
        "responses": {
            "200": _json_content("The answer", {"type": "object"}),
            "4XX": _json_content("What was wrong", ERROR),
        },
    }
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    return operation


def _predict(route: Route, path: str, state: ModelState, signature: Signature) -> dict[str, Any]:
    operation = _operation(route, f"Predict with {state.name}", tag=state.name)
    operation.pop("parameters", None)
    operation["operationId"] = "predict" + path.replace("/", "_")
    operation["requestBody"] = {"required": True, "content": _request_content(state, signature)}
    operation["responses"]["200"] = _json_content("Predictions, one per row", _answer(route, signature))
    return operation


def _request_content(state: ModelState, signature: Signature) -> dict[str, Any]:
    inputs = {spec.name: _input(spec) for spec in signature.inputs}
    value: Any = (
        next(iter(inputs.values()))
        if len(inputs) == 1
        else {"type": "object", "required": list(inputs), "properties": inputs, "additionalProperties": False}
    )
    body = {
        "type": "object",
        "required": ["input"],
        "properties": {"input": value},
        "additionalProperties": False,
    }
    content: dict[str, Any] = {"application/json": {"schema": body, **_example(state, signature)}}
    for media_type in media_types(signature)[1:]:
        content[media_type] = {"schema": {"type": "string", "format": "binary"}}
        if media_type == "text/csv":
            content[media_type] = {"schema": {"type": "string"}, **_csv_example(state, signature)}
    return content


def _input(spec: TensorSpec) -> dict[str, Any]:
    """Schema of an input: rows, one row, or what its kind takes."""
    rows = _nested(spec, spec.shape)
    forms = [rows, _nested(spec, spec.row_shape)] if spec.batched else [rows]
    forms += kind_of(spec).schemas(spec)
    return {"title": spec.name, "description": str(spec), "anyOf": forms}


def _answer(route: Route, signature: Signature) -> dict[str, Any]:
    outputs = {spec.name: _nested(spec, spec.shape) for spec in signature.outputs}
    values = next(iter(outputs.values())) if len(outputs) == 1 else {"type": "object", "properties": outputs}
    if route.path == "/predict":
        return values
    properties: dict[str, Any] = {
        "model": {"type": "string"},
        "version": {"type": "integer"},
        "predictions": values,
    }
    for spec in signature.outputs:
        if spec.classes:
            names = {name: {"type": "number"} for name in spec.classes}
            properties["classes"] = {"type": "array", "items": {"type": "object", "properties": names}}
    return {"type": "object", "required": ["model", "version", "predictions"], "properties": properties}


def _nested(spec: TensorSpec, shape: tuple[int | None, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": _JSON_TYPES[spec.numpy.kind]}
    for size in reversed(shape):
        schema = {"type": "array", "items": schema}
        schema.update({"minItems": 1} if size is None else {"minItems": size, "maxItems": size})
    return schema


def _example(state: ModelState, signature: Signature) -> dict[str, Any]:
    if state.example is None:
        return {}
    values = {spec.name: _example_value(_first(state.example, spec), spec) for spec in signature.inputs}
    if not values or any(value is None for value in values.values()):
        return {}
    return {"example": {"input": next(iter(values.values())) if len(values) == 1 else values}}


def _first(example: Call, spec: TensorSpec) -> Array:
    """Return the first recorded row; the whole tensor where it has no rows."""
    array = example.inputs[spec.name]
    return array[:1] if spec.batched else array


def _example_value(row: Array, spec: TensorSpec) -> Any:
    if (own := kind_of(spec).encode(row, spec)) is not None:
        return own
    if math.prod(row.shape) > _LARGEST_EXAMPLE or (row.dtype.kind == "f" and not np.isfinite(row).all()):
        return None
    value = plain(row)
    return value.tolist() if hasattr(value, "tolist") else value


def _csv_example(state: ModelState, signature: Signature) -> dict[str, Any]:
    if state.example is None:
        return {}
    names = [name for columns in tables.columns_of(signature).values() for name in columns]
    cells = [cell for spec in signature.inputs for cell in _first(state.example, spec).ravel().tolist()]
    texts = [cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell) for cell in cells]
    return {"example": f"{','.join(names)}\n{','.join(texts)}\n"}


def _json_content(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
