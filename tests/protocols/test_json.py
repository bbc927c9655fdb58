"""Test reading and writing of JSON with arrays."""

from __future__ import annotations

import numpy as np
import pytest

from lightship.protocols.json import write
from lightship.tensors import Array


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.float32([[0.1, np.nan], [np.inf, 2]]), b"[[0.1,null],[null,2.0]]"),
        (np.arange(6, dtype=np.int64).reshape(2, 3).T, b"[[0,3],[1,4],[2,5]]"),
        (np.arange(6, dtype=np.uint8)[::2], b"[0,2,4]"),
        (np.array(True), b"true"),
        (np.array(np.nan, np.float16), b"null"),
        (np.array([[b"a", "ä".encode(), b"\xff"]], object), '[["a","ä",{"b64":"/w=="}]]'.encode()),
        (np.array(b"a", object), b'"a"'),
    ],
    ids=["not finite", "transposed", "strided", "scalar", "scalar not finite", "strings", "string"],
)
def test_write_array_returns_nested_lists(array: Array, text: bytes) -> None:
    assert write(array) == text
    assert write({"y": array, "n": 1}) == b'{"y":' + text + b',"n":1}'


def test_write_unsupported_value_raises_type_error() -> None:
    with pytest.raises(TypeError):
        write({"y": object()})
