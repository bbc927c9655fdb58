"""Elements of the protocols' OpenAPI descriptions.

Schemas of tensors, operations, responses and paths of models.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lightship.calls import ModelState
from lightship.inputs import kind_of
from lightship.protocols.http import Route
from lightship.tensors import Signature, TensorSpec

Schema = dict[str, Any]
Operation = dict[str, Any]
Paths = dict[str, dict[str, Operation]]

ANY_OBJECT: Schema = {"type": "object"}
BINARY: Schema = {"type": "string", "format": "binary"}
STRING: Schema = {"type": "string"}

_TYPES = {"f": "number", "i": "integer", "u": "integer", "b": "boolean", "O": "string"}


@dataclass(frozen=True)
class Protocol:
    """The common parts of a protocol's operations: a tag and the schema of errors."""

    tag: str
    error: Schema

    def operation(
        self, summary: str, name: str, answer: dict[str, Any], *, tag: str = "", parameters: Iterable[str] = ()
    ) -> Operation:
        """Return an operation with an id, the response 200, and path parameters."""
        operation: Operation = {
            "summary": summary,
            "tags": [tag or self.tag],
            "operationId": name,
            "responses": {"200": answer, "4XX": response("Client error", self.error)},
        }
        if listed := [{"name": each, "in": "path", "required": True, "schema": STRING} for each in parameters]:
            operation["parameters"] = listed
        return operation


class Target(NamedTuple):
    """A model for a route: its path and its default signature.

    ``name`` is the end of an operation id, empty for the default model; ``title`` is the model's in a summary.
    """

    path: str
    state: ModelState
    signature: Signature
    name: str
    title: str


def targets(route: Route, models: Sequence[ModelState]) -> Iterator[Target]:
    """Yield the models of a route whose manifest is known, loaded or not.

    A route without ``{name}`` has the default model only.
    """
    for state in models:
        if state.manifest is not None and (state.default or "{name}" in route.path):
            version = f" version {state.version}" if "{version}" in route.path else ""
            title = f"{state.name}{version}" if "{name}" in route.path else f"the default model, {state.name}"
            name = title.replace(" ", "_") if "{name}" in route.path else ""
            yield Target(path_of(route, state), state, state.manifest.signature(), name, title)


def path_of(route: Route, state: ModelState) -> str:
    """Return a route's path for one model."""
    return route.path.replace("{name}", state.name).replace("{version}", str(state.version))


def response(description: str, schema: Schema, media_type: str = "application/json") -> dict[str, Any]:
    """Return a response of one media type."""
    return {"description": description, "content": {media_type: {"schema": schema}}}


def json_body(schema: Schema, *, required: bool = True) -> dict[str, Any]:
    """Return a JSON request body."""
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def exactly(properties: Mapping[str, Schema]) -> Schema:
    """Return the schema of an object with exactly these properties."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": dict(properties),
        "additionalProperties": False,
    }


def one_or_all(schemas: Mapping[str, Schema]) -> Schema:
    """Return the only schema, or that of an object of all of them by name."""
    return next(iter(schemas.values())) if len(schemas) == 1 else exactly(schemas)


def explanations() -> Schema:
    """Return the schema of explanations, one per row."""
    number: Schema = {"type": "number"}
    properties: Schema = {
        **dict.fromkeys(("method", "output", "scale"), STRING),
        "target": {"type": ["string", "integer", "null"]},
        **dict.fromkeys(("prediction", "base", "error"), number),
        "evaluations": {"type": "integer"},
        "attributions": {
            "type": "object",
            "description": "values by column; of an image by patch; of a text by word",
        },
    }
    return {"type": "array", "items": exactly(properties)}


# The parameter that selects the explained class.
TARGET: Schema = {
    "name": "target",
    "in": "query",
    "required": False,
    "schema": STRING,
    "description": "class name, or index in a row of the output; by default the likeliest class of each row",
}


def array(items: Schema) -> Schema:
    """Return the schema of a list that is not empty."""
    return {"type": "array", "items": items, "minItems": 1}


def nested(spec: TensorSpec, shape: tuple[int | None, ...], *, limits: bool = False) -> Schema:
    """Return the schema of nested lists of a tensor's elements.

    ``limits`` adds the range of integers. Elements may also have the JSON types of the
    input's kind, such as null where they may be missing.
    """
    schema: Schema = {"type": _TYPES[spec.numpy.kind]}
    if limits and spec.numpy.kind in "iu":
        bounds = np.iinfo(spec.numpy)
        schema |= {"minimum": int(bounds.min), "maximum": int(bounds.max)}
    if others := kind_of(spec).json_types:
        schema["type"] = [schema["type"], *others]
    for size in reversed(shape):
        schema = {"type": "array", "items": schema}
        schema |= {"minItems": 1} if size is None else {"minItems": size, "maxItems": size}
    return schema
