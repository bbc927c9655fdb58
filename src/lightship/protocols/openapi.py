"""Elements of the protocols' OpenAPI descriptions.

Schemas of tensors, operations, responses and paths of models.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lightship.calls import ModelState
from lightship.inputs import kind_of
from lightship.protocols.http import Route
from lightship.tensors import Signature, TensorSpec
from lightship.tensors.schemas import BASE64, STRING, Schema, any_of

Operation = dict[str, Any]
Paths = dict[str, dict[str, Operation]]

ANY_OBJECT: Schema = {"type": "object"}
BINARY: Schema = {"type": "string", "format": "binary"}


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


def exactly(properties: Mapping[str, Schema], *, optional: Collection[str] = ()) -> Schema:
    """Return the schema of an object with these properties and no others."""
    return {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": dict(properties),
        "additionalProperties": False,
    }


def by_name(signature: Signature, schema: Callable[[TensorSpec], Schema]) -> Schema:
    """Return the schema of an object of inputs, of which some may be missing."""
    optional = [spec.name for spec in signature.inputs if kind_of(spec).may_be_absent(spec)]
    return exactly({spec.name: schema(spec) for spec in signature.inputs}, optional=optional)


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


def nested(spec: TensorSpec, shape: tuple[int | None, ...], element: Schema | None = None) -> Schema:
    """Return the schema of nested lists of a tensor's elements.

    ``element`` is the schema of an element where it is not that of the input's kind.
    """
    schema = element or kind_of(spec).element(spec)
    for size in reversed(shape):
        schema = {"type": "array", "items": schema}
        schema |= {"minItems": 1} if size is None else {"minItems": size, "maxItems": size}
    return schema


def one_row(spec: TensorSpec) -> Schema:
    """Return the schema of one row of an input.

    It is nested lists, a form of the input's kind, or the only element.
    """
    forms = [nested(spec, spec.row_shape), *kind_of(spec).schemas(spec)]
    return any_of(*forms, nested(spec, ())) if spec.row_shape == (1,) else any_of(*forms)


def all_rows(spec: TensorSpec) -> Schema:
    """Return the schema of an input's rows, in the same forms as :func:`one_row`."""
    forms = [nested(spec, spec.shape), *kind_of(spec).table_schemas(spec)]
    return any_of(*forms, nested(spec, (None,))) if _is_column(spec) else any_of(*forms)


def value(spec: TensorSpec) -> Schema:
    """Return the schema of an input's value: all rows, one row, or their bytes."""
    forms = [all_rows(spec)]
    if not _is_column(spec):  # there a list is rows
        forms.append(nested(spec, spec.row_shape))
    forms += kind_of(spec).schemas(spec)
    if spec.dtype != "string" and None not in spec.row_shape:
        forms.append(BASE64)
    return {"title": spec.name, "description": str(spec), **any_of(*forms)}


def _is_column(spec: TensorSpec) -> bool:
    return spec.batched and spec.row_shape == (1,)
