"""TensorFlow Serving's REST protocol in OpenAPI's words: each model's own schemas for rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lightship.calls import ModelState
from lightship.errors import InvalidInput
from lightship.inputs import kind_of
from lightship.protocols.http import Route
from lightship.protocols.tfserving.examples import classify_outputs, regress_outputs
from lightship.tensors import Signature, TensorSpec

_TYPES = {"f": "number", "i": "integer", "u": "integer", "b": "boolean", "O": "string"}
_ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
_SUMMARIES = {"status": "The states of a model's versions", "model": "The signatures of a model"}


def describe(route: Route, models: Sequence[ModelState]) -> dict[str, Any]:
    """OpenAPI paths of one route: for POST, one path per loaded model that has what the method needs."""
    if route.operation != "predict":
        name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
        operation = _operation(_SUMMARIES[route.operation], f"tfserving_{route.operation}", {"type": "object"})
        return {route.path: {"get": operation | {"parameters": [name]}}}
    paths = {}
    method = route.path.rpartition(":")[2]
    for state in models:
        if state.manifest is None or not _can(method, state.manifest.signature()):
            continue
        schema = _predict(state.manifest.signature()) if method == "predict" else _examples(state.manifest.signature())
        operation = _operation(f"{method} with {state.name}", f"tfserving_{method}_{state.name}", {"type": "object"})
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        paths[route.path.replace("{name}", state.name)] = {"post": operation}
    return paths


def _can(method: str, signature: Signature) -> bool:
    features = all(kind_of(spec).named_feature and len(spec.row_shape) <= 1 for spec in signature.inputs)
    if method != "predict" and not features:
        return False
    try:
        if method == "classify":
            classify_outputs(signature)
        if method == "regress":
            (name,) = regress_outputs(signature)
            spec = next(spec for spec in signature.outputs if spec.name == name)
            return spec.row_shape in ((), (1,)) and spec.numpy.kind == "f"
    except InvalidInput:
        return False
    return True


def _predict(signature: Signature) -> dict[str, Any]:
    """Rows of one input's values or of objects; the same by columns."""
    rows = {spec.name: _nested(spec, spec.row_shape) for spec in signature.inputs}
    columns = {spec.name: _nested(spec, spec.shape) for spec in signature.inputs}
    row, column = (next(iter(x.values())) if len(x) == 1 else _object(x) for x in (rows, columns))
    return {
        "oneOf": [
            _object({"instances": {"type": "array", "items": row, "minItems": 1}}),
            _object({"inputs": column}),
        ]
    }


def _examples(signature: Signature) -> dict[str, Any]:
    example = _object({spec.name: _nested(spec, spec.row_shape) for spec in signature.inputs})
    return _object({"examples": {"type": "array", "items": example, "minItems": 1}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def _nested(spec: TensorSpec, shape: tuple[int | None, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": _TYPES[spec.numpy.kind]}
    if schema["type"] == "integer":
        limits = np.iinfo(spec.numpy)
        schema |= {"minimum": limits.min, "maximum": limits.max}
    for size in reversed(shape):
        schema = {"type": "array", "items": schema}
        schema |= {"minItems": 1} if size is None else {"minItems": size, "maxItems": size}
    return schema


def _operation(summary: str, name: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "tags": ["TensorFlow Serving"],
        "operationId": name,
        "responses": {"200": _content("The answer", answer), "4XX": _content("What was wrong", _ERROR)},
    }


def _content(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
