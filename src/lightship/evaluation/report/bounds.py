"""Bounds of report.json, which may come from a model's code or another publisher."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sized
from typing import Any

from lightship import documents
from lightship.errors import BundleError

# The largest file, in bytes; texts in it have no more characters together.
LARGEST = documents.REPORT

_LONGEST_TEXT = 2000
_LONGEST_IMAGE = 512 * 1024
_MOST_VALUES = 600_000
# The most entries of a list or object: points, candidates, slices, mistakes, features; and of a list of classes or
# layers.
_MOST_ENTRIES = 2000
_MOST_NAMES = 50_000
_NAMES = frozenset({"classes", "per_class", "float_layers"})
_DEEPEST = 12
_IMAGE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]*={0,2}")


def check(record: Any, name: str = "report.json") -> None:
    """Raise BundleError for content that is too large or deep, or not finite."""
    characters = 0
    for number, value in enumerate(_values(record, name, 0)):
        if isinstance(value, str):
            _check_text(value, name)
            characters += len(value)
        elif value is not None and not math.isfinite(value):
            raise _malformed(name, "a number is not finite")
        if number >= _MOST_VALUES or characters > LARGEST:
            raise _malformed(name, f"it has more than {_MOST_VALUES:,} values or {LARGEST:,} characters")


def _values(value: Any, name: str, depth: int, most: int = _MOST_ENTRIES) -> Iterator[Any]:
    """Yield every text and number, names included."""
    if depth > _DEEPEST:
        raise _malformed(name, f"it is nested more than {_DEEPEST} deep")
    if isinstance(value, dict):
        _check_entries(value, name, most)
        for key, item in value.items():
            yield key
            yield from _values(item, name, depth + 1, _MOST_NAMES if key in _NAMES else _MOST_ENTRIES)
    elif isinstance(value, list):
        _check_entries(value, name, most)
        for item in value:
            yield from _values(item, name, depth + 1)
    else:
        yield value


def _check_entries(value: Sized, name: str, most: int) -> None:
    if len(value) > most:
        raise _malformed(name, f"a list or an object has {len(value):,} entries, more than {most:,}")


def _check_text(value: str, name: str) -> None:
    if len(value) > _LONGEST_TEXT and not (len(value) <= _LONGEST_IMAGE and _IMAGE.fullmatch(value)):
        raise _malformed(name, f"a text has {len(value):,} characters, more than {_LONGEST_TEXT:,}")


def _malformed(name: str, reason: str) -> BundleError:
    return BundleError(f"{name} is malformed: {reason}")
