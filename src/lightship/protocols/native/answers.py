"""OpenAPI schemas of the catalogue and of forms; answers may have more fields."""

from __future__ import annotations

from lightship.tensors.schemas import STRING, Schema, nullable

_INTEGER: Schema = {"type": "integer"}
_BOOLEAN: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "number"}


def _objects(properties: dict[str, Schema], *required: str) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


MODEL = _objects(
    {
        "name": STRING,
        "version": nullable(_INTEGER),
        "versions": {"type": "array", "items": _INTEGER},
        "state": {"type": "string", "enum": ["available", "failed"]},
        "default": _BOOLEAN,
        "report": {**_BOOLEAN, "description": "whether the version has a report"},
    },
    *("name", "version", "versions", "state", "default"),
)
MODELS = _objects({"models": {"type": "array", "items": MODEL}}, "models")

_COLUMN = _objects(
    {
        "name": STRING,
        "type": {"type": "string", "enum": ["number", "integer", "boolean", "category", "date", "string"]},
        "values": {"type": "array"},
        "low": _NUMBER,
        "high": _NUMBER,
        "source": {
            "type": "string",
            "enum": ["report", "recorded"],
            "description": "where low and high come from: the data of the report, or the recorded rows",
        },
        "optional": _BOOLEAN,
    },
    *("name", "type"),
)
_INPUT = _objects({"name": STRING, "kind": STRING, "columns": {"type": "array", "items": _COLUMN}}, "name", "kind")
FORM = _objects({"inputs": {"type": "array", "items": _INPUT}}, "inputs")
