"""Reading JSON bodies and writing arrays as JSON, for all JSON protocols."""

from __future__ import annotations

import base64
import math
import re
from functools import partial
from typing import Any

import numpy as np
import orjson

from lightship.errors import InvalidInput
from lightship.tensors import Array, json_type

# Numbers that other languages write and JSON does not have.
_TOKEN = re.compile("NaN|-?Infinity")

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def without_mark(body: bytes) -> bytes:
    """Return a body without a UTF-8 byte-order mark (RFC 8259, 8.1).

    Some editors and .NET clients send one.
    """
    return body.removeprefix(_BYTE_ORDER_MARK) if body[:1] == b"\xef" else body


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a request's body.

    Raises InvalidInput with the position of a syntax error.
    """
    try:
        value = orjson.loads(body if body[:1] == b"{" else without_mark(body))
    except orjson.JSONDecodeError as error:
        raise not_json(body, error) from None
    if not isinstance(value, dict):
        raise InvalidInput(f"the body must be a JSON object, got {json_type(value)}")
    return value


def not_json(body: bytes, error: orjson.JSONDecodeError) -> InvalidInput:
    """Return the error for a body that orjson refused."""
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return InvalidInput(f"the body is not UTF-8: byte {wrong.start} cannot be read")
    if token := _TOKEN.match(error.doc, error.pos - (error.doc[error.pos - 1 : error.pos] == "-")):
        return InvalidInput(
            f"the body is not JSON: it has no {token[0]}, send null for a missing value if the model takes one "
            f"(line {error.lineno} column {error.colno})"
        )
    return InvalidInput(f"the body is not JSON: {error}")


def _for_orjson(array: Array) -> Any:
    """Return an array that orjson refuses: of strings, a scalar, or not in C order."""
    if array.dtype != np.object_:
        return np.ascontiguousarray(array) if array.ndim else array[()]  # ascontiguousarray() makes a list of a scalar
    return _texts(array.tolist(), binary=False)


# Returns the JSON of a value that may hold arrays, as bytes. NaN and infinities become null. Strings of tensors are
# text, or {"b64": …} where they are not UTF-8.
write = partial(orjson.dumps, default=_for_orjson, option=orjson.OPT_SERIALIZE_NUMPY)


def nan_as_token(array: Array, *, binary: bool = False) -> Any:
    """Return an array in a form for :func:`write`, with NaN and Infinity as tokens.

    Strings are text, or ``{"b64": …}`` where they are ``binary`` or not UTF-8.
    """
    if array.dtype == np.object_:
        return _texts(array.tolist(), binary=binary)
    if array.ndim == 0:
        return number(array[()])
    plain = np.ascontiguousarray(array)
    return plain if _finite(plain) else orjson.Fragment(_with_tokens(plain))


def rows(array: Array, *, binary: bool = False) -> Any:
    """Return the rows of an array, each as :func:`nan_as_token` returns it."""
    if array.dtype == np.object_:
        return nan_as_token(array, binary=binary)
    plain = np.ascontiguousarray(array)
    if _finite(plain):
        return plain
    return [number(row) if row.ndim == 0 else nan_as_token(row) for row in plain]


def number(value: Any) -> Any:
    """Return a numpy scalar as :func:`nan_as_token` returns it."""
    return value if value.dtype.kind != "f" or math.isfinite(value) else orjson.Fragment(_token(value))


def _finite(array: Array) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _with_tokens(array: Array) -> bytes:
    """Return the JSON of an array of floats with NaN and Infinity as tokens.

    orjson writes ``null`` for non-finite values, and for nothing else in an array of floats.
    """
    segments = write(array).split(b"null")
    values = array[~np.isfinite(array)].tolist()
    return segments[0] + b"".join(_token(value) + after for value, after in zip(values, segments[1:], strict=True))


def _token(value: float) -> bytes:
    if math.isnan(value):
        return b"NaN"
    return b"Infinity" if value > 0 else b"-Infinity"


def _texts(value: Any, *, binary: bool) -> Any:
    return [_texts(item, binary=binary) for item in value] if isinstance(value, list) else text(value, binary=binary)


def text(data: bytes, *, binary: bool = False) -> Any:
    """Return one string of a tensor as text or ``{"b64": …}``."""
    if not binary:
        try:
            return data.decode()
        except UnicodeDecodeError:
            pass
    return {"b64": base64.b64encode(data).decode()}
