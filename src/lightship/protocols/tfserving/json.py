"""JSON requests as TensorFlow Serving reads them: the tokens NaN, Infinity and -Infinity are legal.

orjson knows none of them. A request that has one is read twice: by orjson with the tokens replaced, because it is
strict and bounded in depth and size of numbers, then by the standard library, which knows the tokens.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from lightship.errors import InvalidInput
from lightship.protocols.json import without_mark

# A whole string, so that tokens inside it stay, or a token. Nothing is given back once it matched: linear in any body.
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+|-?Infinity|NaN', re.DOTALL)

_SHOWN = 256  # characters of a value in an error, as TensorFlow Serving bounds them
_TYPES = {bool: "", int: "Number", float: "Number", str: "String", list: "Array", dict: "Object"}


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a request's body; raises InvalidInput in TensorFlow Serving's words."""
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
    except orjson.JSONDecodeError:  # few requests have a token, and looking for one takes longer than reading
        if b"NaN" not in body and b"Infinity" not in body:
            raise
    orjson.loads(_TOKENS.sub(lambda found: found[0] if found[0][:1] == b'"' else b"null", body))
    import json

    return json.loads(body, parse_int=_integer)


def _integer(text: str) -> int | float:
    """As orjson reads it: what fits neither int64 nor uint64 is a float."""
    if len(text) <= 20 and -(2**63) <= (number := int(text)) < 2**64:
        return number
    return float(text)


def shown(value: Any) -> str:
    """The beginning of a value as JSON, for an error."""
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
    """What TensorFlow Serving calls the type of a JSON value."""
    return str(value) if isinstance(value, bool) else _TYPES.get(type(value), "Null")
