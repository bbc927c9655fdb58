"""Operators on strings: object arrays of ``bytes``, of any shape.

Strings are bytes, usually of UTF-8, and are never decoded, unless an operator says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from lightship.preprocessing import patterns
from lightship.preprocessing.operators.base import Operation, Operator, plain
from lightship.preprocessing.operators.sizes import MOST_BYTES, affordable, check_broadcast
from lightship.tensors import Array


def each(array: Array, function: Callable[[bytes], Any], dtype: Any = np.object_) -> Array:
    """Return an array of the same shape with a function's results."""
    return fill([function(text) for text in array.ravel().tolist()], dtype).reshape(array.shape)


def fill(values: Iterable[Any], dtype: Any = np.object_) -> Array:
    """Return a vector of values."""
    entries = values if isinstance(values, list) else list(values)
    return np.fromiter(entries, dtype, len(entries))


def lower(array: Array) -> Array:
    """Return the strings with A to Z in lower case."""
    return each(array, bytes.lower)


def upper(array: Array) -> Array:
    """Return the strings with a to z in upper case."""
    return each(array, bytes.upper)


def strip(array: Array) -> Array:
    """Return the strings without ASCII whitespace at both ends."""
    return each(array, bytes.strip)


def length(array: Array, *, characters: bool = False) -> Array:
    """Return the length of each string in bytes or in characters of UTF-8, as int32."""
    return each(array, _characters if characters else len, np.int32)


def _characters(text: bytes) -> int:
    """Count the bytes that do not continue a character."""
    return sum(byte & 0xC0 != 0x80 for byte in text)


def join(*arrays: Array, separator: str) -> Array:
    """Return the strings at each position, joined; scalars are repeated."""
    between = separator.encode("utf-8", "surrogateescape")
    check_broadcast(*arrays)
    spread = np.broadcast_arrays(*arrays)
    repeated = [max(map(len, array.ravel().tolist())) for array in arrays if array.size < spread[0].size and array.size]
    affordable([spread[0].size, sum(repeated)], most=MOST_BYTES)
    columns = zip(*(array.ravel().tolist() for array in spread), strict=True)
    return fill([between.join(texts) for texts in columns]).reshape(spread[0].shape)


def replace(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Replace matches of a pattern of RE2 that Python matches in linear time.

    Options: ``pattern`` (raises ValueError for others), ``parts`` (text, or the index of a group), ``every`` (or only
    the first match). A pattern of single ASCII characters that are removed is faster.
    """
    found = patterns.translate(options["pattern"].encode())
    parts = patterns.rewrite_parts(options["parts"], found.groups)
    if options["every"] and not parts and found.characters:
        return _Removed(found.characters.encode())
    pattern = re.compile(found.text.encode("latin-1"))

    def rewrite(match: re.Match[bytes]) -> bytes:
        return b"".join((match[part] or b"") if isinstance(part, int) else part for part in parts)

    count = 0 if options["every"] else 1
    return lambda array: each(array, lambda text: pattern.sub(rewrite, text, count))


class _Removed:
    """Operation that removes single bytes."""

    def __init__(self, characters: bytes) -> None:
        self._characters = characters

    def __call__(self, array: Array) -> Array:
        return each(array, lambda text: text.translate(None, self._characters))


def matches(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Return whether a ``pattern`` of RE2 matches all of each string."""
    pattern = re.compile(patterns.translate(options["pattern"].encode()).text.encode("latin-1"))
    return lambda array: each(array, lambda text: pattern.fullmatch(text) is not None, np.bool_)


OPERATORS: dict[str, Operator] = {
    "lower": plain(lower),
    "upper": plain(upper),
    "strip": plain(strip),
    "length": plain(length),
    "join": plain(join),
    "replace": replace,
    "matches": matches,
}
