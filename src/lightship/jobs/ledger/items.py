"""Items of DynamoDB: numbers, strings, and JSON strings for all other values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, TypeVar

from lightship.aws import codec
from lightship.errors import InvalidInput, LightshipError

# An item as it is stored, and its attributes as plain values: numbers, and strings that may hold JSON.
Item = Mapping[str, Mapping[str, str]]
Attributes = Mapping[str, Any]

T = TypeVar("T")


def to_item(values: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Return values by name in DynamoDB's format."""
    return {name: _attribute(value) for name, value in values.items()}


def to_attributes(item: Item) -> dict[str, Any]:
    """Return an item's numbers and strings by name; JSON stays a string."""
    return {name: json.loads(value["N"]) if "N" in value else value.get("S") for name, value in item.items()}


def decode(kind: type[T], attributes: Attributes, *, name: str) -> T:
    """Return the dataclass of an item; fields of other types than scalars are JSON.

    Raises LightshipError, naming the field, for an item that is not one of ``kind``.
    """
    hints = codec.types(kind)
    try:
        values = {field: _parse(hints[field], attributes[field], field) for field in hints if field in attributes}
        return codec.decode(kind, values, name=name)
    except InvalidInput as error:
        raise LightshipError(f"an item of the ledger cannot be read: {error.message}") from None


def parse(attributes: Attributes, name: str) -> Any:
    """Return the JSON value of an attribute; raises LightshipError for other values."""
    try:
        return json.loads(attributes[name])
    except (KeyError, TypeError, ValueError):
        raise LightshipError(f"an item of the ledger cannot be read: '{name}' must be a string of JSON") from None


def _parse(hint: Any, value: object, name: str) -> object:
    kind = codec.optional(hint)
    is_scalar = isinstance(kind, type) and not is_dataclass(kind)
    if is_scalar or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise InvalidInput(f"'{name}' must be JSON, not {ascii(value)[:80]}") from None


def _attribute(value: object) -> dict[str, str]:
    if isinstance(value, str):
        return {"S": str(value)}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"N": repr(value)}
    return {"S": json.dumps(value, sort_keys=True)}
