"""JSON as TensorFlow Serving has it: the tokens NaN, Infinity and -Infinity are legal, in requests and in answers.

orjson knows none of them. A request that has one is read twice: by orjson with the tokens replaced, because it is
strict and bounded in depth and size of numbers, then by the standard library, which knows the tokens.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import orjson

from lightship.errors import InvalidInput
from lightship.protocols.json import without_mark
from lightship.tensors import Array

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


def write(value: Any) -> bytes:
    """JSON of a value whose arrays went through :func:`rows` or :func:`whole`."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def whole(array: Array, name: str) -> Any:
    """An array in a form that :func:`write` takes.

    Strings are text, but ``{"b64": …}`` where the tensor's name ends in ``_bytes``, or where they are not UTF-8.
    """
    if array.dtype == np.object_:
        return _texts(array.tolist(), binary=name.endswith("_bytes"))
    if array.ndim == 0:
        return number(array[()])
    plain = np.ascontiguousarray(array)
    return plain if _finite(plain) else orjson.Fragment(_with_tokens(plain))


def rows(array: Array, name: str) -> Any:
    """The rows of an array, each in a form that :func:`write` takes."""
    if array.dtype == np.object_:
        return whole(array, name)
    plain = np.ascontiguousarray(array)
    if _finite(plain):
        return plain
    return [number(row) if row.ndim == 0 else whole(row, name) for row in plain]


def number(value: Any) -> Any:
    """A numpy scalar in a form that :func:`write` takes."""
    return value if value.dtype.kind != "f" or math.isfinite(value) else orjson.Fragment(_token(value))


def _finite(array: Array) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _with_tokens(array: Array) -> bytes:
    """orjson writes ``null`` for what is not finite, and for nothing else in an array of floats."""
    pieces = write(array).split(b"null")
    values = array[~np.isfinite(array)].tolist()
    return pieces[0] + b"".join(_token(value) + piece for value, piece in zip(values, pieces[1:], strict=True))


def _token(value: float) -> bytes:
    if math.isnan(value):
        return b"NaN"
    return b"Infinity" if value > 0 else b"-Infinity"


def _texts(value: Any, *, binary: bool) -> Any:
    return [_texts(item, binary=binary) for item in value] if isinstance(value, list) else text(value, binary=binary)


def text(data: bytes, *, binary: bool = False) -> Any:
    """One string of a tensor."""
    if not binary:
        try:
            return data.decode()
        except UnicodeDecodeError:
            pass
    import base64

    return {"b64": base64.b64encode(data).decode()}
