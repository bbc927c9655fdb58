"""JSON requests of TensorFlow Serving, where NaN and Infinity are valid tokens.

orjson supports neither. A request with such a token is parsed twice: by orjson with the tokens replaced, because it is
strict and limits nesting and the size of numbers, then by the standard library, which supports the tokens.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from lightship.errors import InvalidInput
from lightship.protocols.json import without_mark

# A whole string, so that tokens inside it are kept, or a token. Possessive quantifiers make it linear in any body.
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+|-?Infinity|NaN', re.DOTALL)

_SHOWN = 256  # characters of a value in an error, the same limit as TensorFlow Serving's
_TYPES = {bool: "", int: "Number", float: "Number", str: "String", list: "Array", dict: "Object"}


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a request's body.

    Raises InvalidInput with TensorFlow Serving's messages.
    """
    body = without_mark(body)
    if not body:
        raise InvalidInput("JSON Parse error: The document is empty")
    try:
        value = _read(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"JSON Parse error: Invalid value. at offset: {error.pos} ({error.msg})") from None
    except RecursionError:
        raise InvalidInput("JSON Parse error: Invalid value. It is nested too deeply") from None
    if not isinstance(value, dict):
        raise InvalidInput(f"JSON Value: {shown(value)} Is not object")
    return value


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:  # few requests have a token, and searching for one takes longer than parsing
        if b"NaN" not in body and b"Infinity" not in body:
            raise
    orjson.loads(_TOKENS.sub(lambda token: token[0] if token[0][:1] == b'"' else b"null", body))
    import json

    return json.loads(body, parse_int=_integer)


def _integer(text: str) -> int | float:
    """Return an integer as orjson does: a float beyond int64 and uint64."""
    if len(text) <= 20 and -(2**63) <= (number := int(text)) < 2**64:
        return number
    return float(text)


def shown(value: Any) -> str:
    """Return the beginning of a value as JSON, for an error message."""
    import json

    text = ""
    try:
        for chunk in json.JSONEncoder(ensure_ascii=False).iterencode(value):
            text += chunk[:_SHOWN]
            if len(text) >= _SHOWN:
                break
    except RecursionError:
        pass
    return text[:_SHOWN]


def json_type(value: Any) -> str:
    """Return TensorFlow Serving's name of a JSON value's type."""
    return str(value) if isinstance(value, bool) else _TYPES.get(type(value), "Null")
