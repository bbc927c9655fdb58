"""Reading JSON bodies and writing arrays, the same for every JSON protocol of ours."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
import orjson

from lightship.errors import InvalidInput
from lightship.tensors import Array, json_type

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def without_mark(body: bytes) -> bytes:
    """Return a body without the UTF-8 byte-order mark that some editors and .NET clients put first (RFC 8259, 8.1)."""
    return body.removeprefix(_BYTE_ORDER_MARK) if body[:1] == b"\xef" else body


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a request's body; raises InvalidInput that says where it breaks."""
    try:
        value = orjson.loads(body if body[:1] == b"{" else without_mark(body))
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InvalidInput(f"the body must be a JSON object, got {json_type(value)}")
    return value


def write(value: Any) -> bytes:
    """JSON of a value that may hold arrays of numbers. NaN and infinities in them become null."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def plain(array: Array) -> Any:
    """An array in a form that :func:`write` takes: strings as text, or ``{"b64": …}`` where they are not UTF-8.

    NaN and infinities become null: JSON has no word for them.
    """
    if array.dtype != np.object_:
        return np.ascontiguousarray(array) if array.ndim else array[()]  # which makes a list of a scalar
    return _texts(array.tolist(), binary=False)


def whole(array: Array, *, binary: bool = False) -> Any:
    """An array in a form that :func:`write` takes, where NaN and Infinity are legal tokens.

    Strings are text, but ``{"b64": …}`` where they are ``binary`` or not UTF-8.
    """
    if array.dtype == np.object_:
        return _texts(array.tolist(), binary=binary)
    if array.ndim == 0:
        return number(array[()])
    plain = np.ascontiguousarray(array)
    return plain if _finite(plain) else orjson.Fragment(_with_tokens(plain))


def rows(array: Array, *, binary: bool = False) -> Any:
    """The rows of an array, each as :func:`whole` returns it."""
    if array.dtype == np.object_:
        return whole(array, binary=binary)
    plain = np.ascontiguousarray(array)
    if _finite(plain):
        return plain
    return [number(row) if row.ndim == 0 else whole(row) for row in plain]


def number(value: Any) -> Any:
    """A numpy scalar as :func:`whole` returns it."""
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
    return {"b64": base64.b64encode(data).decode()}
