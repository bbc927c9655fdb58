"""Operators between numbers and their texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.preprocessing.operators.base import Operation, Operator
from lightship.preprocessing.operators.texts.strings import each, fill
from lightship.tensors import DTYPES, Array

_INTEGER = re.compile(rb"[ \t\n\v\f\r]*([+-]?[0-9]+)[ \t\n\v\f\r]*")
_FORMAT = re.compile(r"%(d|(\.[0-9]{1,2})?[ef])")
_FLOAT = re.compile(
    rb"[ \t\n\v\f\r]*([+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity|nan))[ \t\n\v\f\r]*",
    re.IGNORECASE,
)


def from_numbers(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Write integers in decimal, booleans as true and false, floats in a ``format``.

    Formats are ``%d``, and ``%e`` and ``%f`` with up to 99 digits; raises ValueError for others.
    """
    if _FORMAT.fullmatch(text := str(options.get("format", "%d"))) is None:
        raise ValueError(f"format {text!r:.40}")
    form = text.encode()

    def write(array: Array) -> Array:
        if array.dtype == np.bool_:
            return fill([b"true" if value else b"false" for value in array.ravel().tolist()]).reshape(array.shape)
        return fill([form % value for value in array.ravel().tolist()]).reshape(array.shape)

    return write


def to_numbers(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Read numbers of a ``dtype``; raises InvalidInput for other text.

    ``source`` is the name of the call's input, for the message.
    """
    dtype, source = DTYPES[options["dtype"]], str(options.get("source", ""))
    read = _integer(dtype) if dtype.kind == "i" else _float

    def convert(array: Array) -> Array:
        try:
            with np.errstate(over="ignore"):
                return each(array, read, np.int64 if dtype.kind == "i" else np.float64).astype(dtype)
        except ValueError:
            kind = "an integer" if dtype.kind == "i" else "a number"
            raise InvalidInput(f"the text is not {kind} ({dtype.name})", input=source) from None

    return convert


def _integer(dtype: np.dtype[Any]) -> Callable[[bytes], int]:
    limits = np.iinfo(dtype)
    least, most = int(limits.min), int(limits.max)

    def read(text: bytes) -> int:
        match = _INTEGER.fullmatch(text)
        if match is None or not least <= (value := int(match[1])) <= most:
            raise ValueError
        return value

    return read


def _float(text: bytes) -> float:
    match = _FLOAT.fullmatch(text)
    if match is None:
        raise ValueError
    return float(match[1])


OPERATORS: dict[str, Operator] = {"from_numbers": from_numbers, "to_numbers": to_numbers}
