"""Typed access to the values of a parsed document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from lightship.compiler.sources.boosting.model import BrokenModel
from lightship.tensors import Array

T = TypeVar("T")
_WORDS: Mapping[type, str] = {dict: "an object", list: "an array", str: "a string"}
_LARGEST = 2**31 - 1


class Fields:
    """An object of a document; ``path`` is its place, for messages."""

    def __init__(self, record: Any, path: str, label: str) -> None:
        self.path, self.label = path, label
        if not isinstance(record, dict):
            raise BrokenModel(f"{label} is not an XGBoost model: {path or 'it'} must be an object")
        self._record = record

    def broken(self, name: str, expected: str) -> BrokenModel:
        """Return the error about a field."""
        return BrokenModel(f"{self.label} is not an XGBoost model: {self.place(name)} must be {expected}")

    def place(self, name: str) -> str:
        """Return the place of a field for a message."""
        return f"{self.path}.{name}" if self.path else name

    def get(self, name: str, kind: type[T], default: T | None = None) -> T:
        """Return a field of a type; the default where it is missing, if there is one."""
        value = self._record.get(name, default)
        if kind is list and isinstance(value, np.ndarray):
            value = value.tolist()
        if not isinstance(value, kind):
            raise self.broken(name, _WORDS[kind])
        return value

    def object(self, name: str) -> Fields:
        """Return an object below this one."""
        return Fields(self._record.get(name), self.place(name), self.label)

    def objects(self, name: str) -> list[Fields]:
        """Return an array of objects."""
        items = self.get(name, list)
        return [Fields(item, f"{self.place(name)}[{index}]", self.label) for index, item in enumerate(items)]

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a field that XGBoost writes as the text of an integer."""
        text = self.get(name, str, None if default is None else str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= _LARGEST):
            raise self.broken(name, "the text of an integer")
        return int(text)

    def integers(self, name: str, count: int | None = None) -> Array:
        """Return an array of integers from -1 to 2**31 - 1, or booleans, as int64."""
        array = self._numbers(name, count, "biu", "integers")
        if len(array) and not (array.min() >= -1 and array.max() <= _LARGEST):
            raise self.broken(name, "an array of integers from -1 to 2147483647")
        return array.astype(np.int64)

    def floats(self, name: str, count: int | None = None) -> Array:
        """Return an array of finite numbers, as float32."""
        array = self._numbers(name, count, "iuf", "numbers")
        with np.errstate(over="ignore"):
            found = array.astype(np.float32)
        if not np.isfinite(found).all():
            raise self.broken(name, "an array of finite numbers")
        return found

    def _numbers(self, name: str, count: int | None, kinds: str, words: str) -> Array:
        value = self._record.get(name)
        expected = f"an array of {words}" if count is None else f"an array of {count} {words}"
        if not isinstance(value, list | np.ndarray) or (count is not None and len(value) != count):
            raise self.broken(name, expected)
        if not len(value):
            return np.empty(0, np.int64)
        if isinstance(value, list) and not {type(item) for item in value} <= {int, float, bool}:
            raise self.broken(name, expected)
        array = np.asarray(value)
        if array.dtype.kind not in kinds:
            raise self.broken(name, expected)
        return array
