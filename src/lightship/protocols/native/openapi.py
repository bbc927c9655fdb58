"""OpenAPI of the native protocol: a schema and a recorded example for each model."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from lightship.calls import Call, ModelState
from lightship.inputs import kind_of, media_types, tables
from lightship.protocols.http import Route
from lightship.protocols.json import write
from lightship.protocols.native.answers import FORM, MODEL, MODELS
from lightship.protocols.openapi import (
    ANY_OBJECT,
    BINARY,
    TARGET,
    Operation,
    Paths,
    Protocol,
    Target,
    by_name,
    exactly,
    explanations,
    json_body,
    nested,
    one_row,
    response,
    targets,
    value,
)
from lightship.tensors import Array, Signature, TensorSpec
from lightship.tensors.schemas import STRING, Schema, any_of, array, nullable
from lightship.tensors.specs import Boxes

# Larger examples are of no use and slow the page down.
_LARGEST_EXAMPLE = 4096

# Ids and summaries by the route's operation.
_READS = {
    "models": ("list_models", "List all models"),
    "details": ("get_model", "Get a model with its signatures"),
    "history": ("get_history", "Get the changes of a model's labels and traffic"),
    "live": ("get_liveness", "Get the liveness of the process"),
    "ready": ("get_readiness", "Get the readiness of the models"),
    "metrics": ("get_metrics", "Get the metrics of the server for Prometheus (not on Lambda)"),
}
_ANSWERS = {"models": MODELS, "details": MODEL}
# Phrases of summaries by the file's name without its suffix.
_FILES = {
    "model": "model.tflite",
    "device": "device.tflite, the model for phones and browsers,",
    "manifest": "the manifest",
    "asset": "a file of the preprocessing",
}
_BYTES = "application/octet-stream"

_VERSION: Schema = {"type": "integer", "minimum": 1}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 100, "description": "percent"}
_CHANGES: Mapping[str, tuple[str, str, Mapping[str, Schema]]] = {
    "label": (
        "set_label",
        "Set a label of a version, or remove it with null",
        {
            "label": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"},
            "version": {"type": ["integer", "null"], "minimum": 1},
        },
    ),
    "traffic": (
        "set_traffic",
        "Split requests among versions, or end the split with an empty object",
        {
            "traffic": {
                "type": "object",
                "propertyNames": {"pattern": "^[1-9][0-9]{0,17}$"},
                "additionalProperties": _SHARE,
            }
        },
    ),
    "mirror": (
        "set_mirror",
        "Mirror a fraction of the requests to a version; 0 ends it",
        {"version": _VERSION, "fraction": {"type": "number", "minimum": 0, "maximum": 1}},
    ),
    "rollback": ("roll_back", "Restore the previous labels and traffic, or an entry of the history", {"to": _VERSION}),
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

    Routes for predictions and explanations have one path per model whose manifest is known.
    """
    if route.operation in _POSTS:
        describe_post = _POSTS[route.operation]
        return {target.path: {"post": describe_post(route, target)} for target in targets(route, models)}
    answer = response("The response", _ANSWERS.get(route.operation, ANY_OBJECT))
    if route.operation == "metrics":
        answer = response("Metrics in the text format", STRING, "text/plain")
    if route.operation == "file":
        return {route.path: {"get": _file(route)}}
    if route.operation == "report":
        return {route.path: {"get": _report(route)}}
    if route.operation == "form":
        return {route.path: {"get": _form(route)}}
    if route.operation == "route":
        return {route.path: {"post": _change(route)}}
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


def _form(route: Route) -> Operation:
    of_version = "version" in route.pattern.groupindex
    name = "get_version_form" if of_version else "get_form"
    summary = f"Get the fields and recorded rows of {'a version' if of_version else 'the default version'}"
    answer = response("Inputs with their fields, outputs, recorded rows and files for devices", FORM)
    return _NATIVE.operation(summary, name, answer, parameters=route.pattern.groupindex)


def _file(route: Route) -> Operation:
    kind = "asset" if "file" in route.pattern.groupindex else re.split(r"[./]", route.path)[-2]
    of_version = "version" in route.pattern.groupindex
    summary = f"Get {_FILES[kind]} of {'a version' if of_version else 'the default version'}"
    content = response("The file", ANY_OBJECT) if kind == "manifest" else response("The file", BINARY, _BYTES)
    name = f"get_{'version_' if of_version else ''}{kind}{'' if kind in ('asset', 'manifest') else '_file'}"
    operation = _NATIVE.operation(summary, name, content, parameters=route.pattern.groupindex)
    operation["parameters"] += [
        {"name": header, "in": "header", "schema": STRING} for header in ("If-None-Match", "If-Range", "Range")
    ]
    operation["responses"] |= {
        "206": {**content, "description": "The part of the file in the header Range"},
        "304": {"description": "The file has the digest in If-None-Match"},
        "307": {"description": "A URL of the registry's bucket, on Lambda for files that an answer cannot hold"},
    }
    return operation


def _change(route: Route) -> Operation:
    end = route.path.rpartition("/")[2]
    name, summary, properties = _CHANGES[end]
    answer = response("The model, as GET returns it", MODEL)
    operation = _NATIVE.operation(summary, name, answer, parameters=route.pattern.groupindex)
    return operation | {"requestBody": json_body(exactly(properties, optional=("to",)))}


def _predict(route: Route, target: Target) -> Operation:
    answer = response("Predictions, one per row", _answer(route, target.signature))
    name = "_".join(filter(None, ("predict", target.name)))
    operation = _NATIVE.operation(f"Predict with {target.title}", name, answer, tag=target.state.name)
    return operation | {"requestBody": _body(target.state, target.signature)}


def _explain(_: Route, target: Target) -> Operation:
    rows = exactly({"model": STRING, "version": {"type": "integer"}, "explanations": explanations()})
    answer = response("An explanation of each row", rows)
    operation = _NATIVE.operation(
        f"Explain with {target.title}", f"explain_{target.name}", answer, tag=target.state.name
    )
    return operation | {"requestBody": _body(target.state, target.signature), "parameters": [TARGET]}


_POSTS: Mapping[str, Callable[[Route, Target], Operation]] = {"predict": _predict, "explain": _explain}


def _body(state: ModelState, signature: Signature) -> dict[str, Any]:
    body = json_body(exactly({"input": _input(signature)}))
    content: dict[str, Any] = body["content"]
    content["application/json"] |= _example(state, signature)
    for media_type in media_types(signature)[1:]:
        content[media_type] = {"schema": BINARY}
        if media_type == tables.MEDIA_TYPE:
            content[media_type] = {"schema": STRING, **_csv_example(state, signature)}
    return body


def _input(signature: Signature) -> Schema:
    """Return the schema of the only input's value, inputs by name, or rows."""
    only = [value(spec) for spec in signature.inputs if len(signature.inputs) == 1]
    rows = [array(by_name(signature, one_row))] if all(spec.batched for spec in signature.inputs) else []
    return any_of(*only, by_name(signature, value), *rows)


def _answer(route: Route, signature: Signature) -> Schema:
    outputs = {spec.name: nested(spec, spec.shape, _name_schema(spec)) for spec in signature.outputs}
    values = next(iter(outputs.values())) if len(outputs) == 1 else {"type": "object", "properties": outputs}
    if route.path == "/predict":
        return values
    properties: Schema = {"model": STRING, "version": {"type": "integer"}, "predictions": values}
    for spec in signature.outputs:
        if spec.classes:
            names = {name: {"type": "number"} for name in spec.classes}
            properties["classes"] = {"type": "array", "items": {"type": "object", "properties": names}}
        if spec.boxes:
            properties["boxes"] = {"type": "array", "items": {"type": "array", "items": _box(spec.boxes)}}
    return {"type": "object", "required": ["model", "version", "predictions"], "properties": properties}


def _name_schema(spec: TensorSpec) -> Schema | None:
    """Return the schema of an element of an output with names; None without."""
    return nullable({"type": "string", "description": f"one of {spec.names.count} names"}) if spec.names else None


def _box(boxes: Boxes) -> Schema:
    """Return the schema of a box in an image, in fractions of its height and width."""
    numbers: Schema = {"type": "array", "items": {"type": ["number", "null"]}}
    edges = {**numbers, "minItems": 4, "maxItems": 4, "description": "ymin, xmin, ymax, xmax"}
    point = {**numbers, "minItems": 2, "maxItems": 2, "description": "x, y"}
    points = {"points": exactly(dict.fromkeys(boxes.points, point))} if boxes.points else {}
    return exactly({"box": edges, "score": {"type": "number"}, **points})


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
