"""JSON schemas of the values that :func:`lightship.tensors.to_array` accepts."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.tensors.specs import TensorSpec

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}

# Bytes: a string that is not UTF-8, an image, or the elements of a tensor.
BASE64: Schema = {
    "type": "object",
    "required": ["b64"],
    "properties": {"b64": {"type": "string", "format": "byte"}},
    "additionalProperties": False,
}

_TYPES = {"f": "number", "b": "boolean"}


def element(spec: TensorSpec) -> Schema:
    """Return the schema of one element of a tensor."""
    kind = spec.numpy.kind
    if kind == "O":
        return {"anyOf": [STRING, BASE64]}
    if kind in "iu":
        limits = np.iinfo(spec.numpy)
        return {"type": "integer", "minimum": int(limits.min), "maximum": int(limits.max)}
    return {"type": _TYPES[kind]}


def array(items: Schema) -> Schema:
    """Return the schema of a list that is not empty."""
    return {"type": "array", "items": items, "minItems": 1}


def any_of(*schemas: Schema) -> Schema:
    """Return the schema of a value of any of these schemas."""
    different: list[Schema] = []
    for schema in schemas:
        forms = schema["anyOf"] if schema.keys() == {"anyOf"} else [schema]
        different += [form for form in forms if form not in different]
    return different[0] if len(different) == 1 else {"anyOf": different}


def nullable(schema: Schema) -> Schema:
    """Return a schema that accepts null, too."""
    return any_of(schema, {"type": "null"})
