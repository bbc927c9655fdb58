"""Reading JSON bodies and writing arrays, the same for every JSON protocol of ours."""

from __future__ import annotations

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
        value = orjson.loads(without_mark(body))
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InvalidInput(f"the body must be a JSON object, got {json_type(value)}")
    return value


def write(value: Any) -> bytes:
    """JSON of a value that may hold arrays of numbers. NaN and infinities become null: JSON has no word for them."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def plain(array: Array) -> Any:
    """An array in a form that :func:`write` takes: strings as text, or ``{"b64": …}`` where they are not UTF-8."""
    if array.dtype != np.object_:
        return np.ascontiguousarray(array) if array.ndim else array[()]  # which makes a list of a scalar
    return _texts(array.tolist())


def _texts(value: Any) -> Any:
    return [_texts(item) for item in value] if isinstance(value, list) else _text(value)


def _text(data: bytes) -> Any:
    try:
        return data.decode()
    except UnicodeDecodeError:
        import base64

        return {"b64": base64.b64encode(data).decode()}
