"""Explanations in requests and responses, for all protocols that have them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from lightship.calls import Attributed, Explanation
from lightship.errors import InvalidInput
from lightship.protocols.http import Request
from lightship.tensors import json_type


def read_target(request: Request, field: Any) -> str | int | None:
    """Return the target: the body's field, else the query's parameter ``target``.

    Raises InvalidInput where the field is not a string or an integer.
    """
    if field is None:
        given = parse_qs(request.query, keep_blank_values=True).get("target")
        return given[-1] if given else None
    if isinstance(field, bool) or not isinstance(field, str | int):
        raise InvalidInput(f'"target" must be a class name or an index, got {json_type(field)}')
    return field


def to_json(row: Explanation) -> dict[str, Any]:
    """Return an explanation as JSON, its arrays as they are."""
    return row._asdict() | {"attributions": {name: _attributed(value) for name, value in row.attributions.items()}}


def _attributed(value: Attributed) -> Any:
    if isinstance(value, tuple):
        return [{"token": token, "value": number} for token, number in value]
    return value
