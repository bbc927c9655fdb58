"""Universal Binary JSON, as far as XGBoost writes it.

Source: the draft 12 specification. Numbers are big-endian. An array of numbers of one type becomes a numpy array.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

MOST_DEPTH = 32
_NUMBERS = {"i": "b", "U": "B", "I": "h", "l": "i", "L": "q", "d": "f", "D": "d"}
_ARRAYS = {marker: np.dtype(f">{code}") for marker, code in _NUMBERS.items()}
_COUNT = struct.Struct(">cq")
_CONSTANTS = {"Z": None, "T": True, "F": False}


def parse(data: bytes) -> Any:
    """Return the value of a document; raises ValueError."""
    reader = _Reader(data)
    value = reader.value(reader.marker(), 0)
    if reader.position != len(data):
        raise ValueError(f"{len(data) - reader.position} bytes follow its end")
    return value


def dumps(value: Any) -> bytes:
    """Return the document of a value; arrays of numpy have the dtypes of ``parse``."""
    parts: list[bytes] = []
    _write(value, parts)
    return b"".join(parts)


def _write(value: Any, parts: list[bytes]) -> None:
    if isinstance(value, dict):
        parts.append(b"{")
        for key, item in value.items():
            parts.append(_length(key.encode()))
            _write(item, parts)
        parts.append(b"}")
    elif isinstance(value, list):
        parts.append(b"[#" + _COUNT.pack(b"L", len(value)))
        for item in value:
            _write(item, parts)
    elif isinstance(value, np.ndarray):
        marker = next(marker for marker, dtype in _ARRAYS.items() if dtype == value.dtype.newbyteorder(">"))
        parts.append(b"[$" + marker.encode() + b"#" + _COUNT.pack(b"L", len(value)))
        parts.append(value.astype(_ARRAYS[marker]).tobytes())
    elif isinstance(value, str):
        parts.append(b"S" + _length(value.encode()))
    else:
        parts.append(struct.pack(">cd", b"D", value) if isinstance(value, float) else _COUNT.pack(b"L", value))


def _length(text: bytes) -> bytes:
    return _COUNT.pack(b"L", len(text)) + text


class _Reader:
    """Position in a document."""

    def __init__(self, data: bytes) -> None:
        self.position = 0
        self._data = data

    def take(self, count: int) -> bytes:
        """Return the next bytes and advance."""
        end = self.position + count
        if count < 0 or end > len(self._data):
            raise ValueError("it is truncated")
        found = self._data[self.position : end]
        self.position = end
        return found

    def marker(self) -> str:
        """Return the next type marker."""
        return self.take(1).decode("latin-1")

    def value(self, marker: str, depth: int) -> Any:
        """Return the value after its marker."""
        if depth > MOST_DEPTH:
            raise ValueError("it is nested too deeply")
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker in _NUMBERS:
            return self._number(marker)
        if marker == "S":
            return self._text()
        if marker == "{":
            return self._object(depth)
        if marker == "[":
            return self._array(depth)
        raise ValueError(f"it has an unknown type {marker!r} at byte {self.position - 1}")

    def _number(self, marker: str) -> Any:
        code = f">{_NUMBERS[marker]}"
        return struct.unpack(code, self.take(struct.calcsize(code)))[0]

    def _count(self) -> int:
        marker = self.marker()
        if marker not in "iUIlL":
            raise ValueError(f"a length has the type {marker!r}")
        count: int = self._number(marker)
        return count

    def _text(self) -> str:
        return self.take(self._count()).decode()

    def _object(self, depth: int) -> dict[str, Any]:
        record: dict[str, Any] = {}
        while self._next() != "}":
            key = self._text()
            if key in record:
                raise ValueError(f"the key '{key:.80}' occurs twice")
            record[key] = self.value(self.marker(), depth + 1)
        self.take(1)
        return record

    def _array(self, depth: int) -> Any:
        if self._next() == "$":
            self.take(1)
            return self._numbers(self.marker())
        if self._next() == "#":
            self.take(1)
            count = self._count()
            if count > len(self._data) - self.position:
                raise ValueError("it is truncated")
            return [self.value(self.marker(), depth + 1) for _ in range(count)]
        found = []
        while self._next() != "]":
            found.append(self.value(self.marker(), depth + 1))
        self.take(1)
        return found

    def _numbers(self, marker: str) -> Any:
        if marker not in _ARRAYS or self.marker() != "#":
            raise ValueError(f"it has an array of the type {marker!r}")
        dtype = _ARRAYS[marker]
        return np.frombuffer(self.take(self._count() * dtype.itemsize), dtype).astype(dtype.newbyteorder("="))

    def _next(self) -> str:
        if self.position >= len(self._data):
            raise ValueError("it is truncated")
        return chr(self._data[self.position])
