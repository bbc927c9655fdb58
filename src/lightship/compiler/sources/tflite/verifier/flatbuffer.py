"""Reader of untrusted flatbuffers.

Every offset, size and alignment is checked before it is used, by the rules of ``flatbuffers/verifier.h``, which exists
for C++ only. The time is bounded by the number of tables and the length of strings; vectors of numbers are views of
the file, never copies.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lightship.compiler.sources.tflite.verifier.layout import Field, Kind, layouts
from lightship.tensors import Array

MAX_BYTES = 2**31 - 1  # offsets have 32 bits, and those to vtables are signed
MAX_TABLES = 250_000
MAX_STRING_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64

_NOTHING: Array = np.empty(0, np.uint8)


class BrokenFile(Exception):
    """A .tflite file is invalid.

    Examples: an offset outside the file, an index without a tensor.
    """


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name in the schema, and the fields set in the file."""

    name: str
    fields: Mapping[str, Any]

    def number(self, field: str, default: int = 0) -> int:
        """Return a number; ``default`` where the file does not set it."""
        return int(self.fields.get(field, default))

    def numbers(self, field: str) -> Array:
        """Return a vector of numbers; empty where the file does not set it."""
        found: Array = self.fields.get(field, _NOTHING)
        return found

    def text(self, field: str) -> str:
        """Return a string; empty where the file does not set it."""
        return str(self.fields.get(field, ""))

    def table(self, field: str) -> Table | None:
        """Return a table or the table of a union; None where the file does not set it."""
        return self.fields.get(field)

    def tables(self, field: str) -> Sequence[Table]:
        """Return a vector of tables; empty where the file does not set it."""
        found: Sequence[Table] = self.fields.get(field, ())
        return found


def read(data: Any, root: str) -> Table:
    """Return the root table and all that it refers to; raises BrokenFile.

    ``data`` supports the buffer protocol, as a memory map does. Bytes that no table refers to are allowed.
    """
    return _Reader(data).root(root)


class _Entry(NamedTuple):
    """A field of a table.

    ``at`` is its position, ``where`` its name in errors, ``field`` its type, and ``depth`` the nesting of the table.
    """

    at: int
    where: str
    field: Field
    depth: int


class _Reader:
    def __init__(self, data: Any) -> None:
        self._data = data
        self._size = min(len(data), MAX_BYTES)
        self._layouts = layouts()
        self._tables = 0
        self._string_bytes = 0

    def root(self, name: str) -> Table:
        return self._table(self._follow(0, "the root"), name, 1)

    def _table(self, at: int, name: str, depth: int) -> Table:
        self._tables += 1
        if self._tables > MAX_TABLES:
            raise BrokenFile(f"it refers to more than {MAX_TABLES} tables")
        if depth > MAX_DEPTH:
            raise BrokenFile(f"its tables nest deeper than {MAX_DEPTH}")
        offsets = self._vtable(at, name)
        fields = {}
        for field_name, field in self._layouts[name].items():
            index = field.slot // 2 - 2
            if index < len(offsets) and offsets[index]:
                value = self._value(_Entry(at + offsets[index], f"{name}.{field_name}", field, depth), at, offsets)
                if value is not None:
                    fields[field_name] = value
        return Table(name, fields)

    def _vtable(self, at: int, name: str) -> Sequence[int]:
        """Return the offset of each field; 0 for a field that is not set."""
        vtable = at - self._number(at, "<i4", name)
        length = self._number(vtable, "<u2", f"the vtable of {name}")
        if length < 4 or length % 2 or vtable + length > self._size:
            raise BrokenFile(f"the vtable of {name} has an impossible length")
        end = at + self._number(vtable + 2, "<u2", f"the vtable of {name}")
        offsets = struct.unpack_from(f"<{length // 2 - 2}H", self._data, vtable + 4)
        if end > self._size or any(at + offset >= end for offset in offsets if offset):
            raise BrokenFile(f"a field of {name} is outside its table")
        return offsets

    def _value(self, entry: _Entry, table: int, offsets: Sequence[int]) -> Any:
        at, where, field, depth = entry
        value: Any
        match field.kind:
            case Kind.NUMBER:
                value = self._number(at, field.dtype, where)
            case Kind.STRING:
                value = self._string(self._follow(at, where), where)
            case Kind.TABLE:
                value = self._table(self._follow(at, where), field.table, depth + 1)
            case Kind.UNION:
                value = self._union(entry, table, offsets)
            case Kind.NUMBERS:
                value = self._numbers(self._follow(at, where), field.dtype, where)
            case Kind.STRINGS:
                value = [self._string(each, where) for each in self._offsets(self._follow(at, where), where)]
            case Kind.TABLES:
                tables = self._offsets(self._follow(at, where), where)
                value = [self._table(each, field.table, depth + 1) for each in tables]
        return value

    def _union(self, entry: _Entry, table: int, offsets: Sequence[int]) -> Table | None:
        at, where, field, depth = entry
        type_offset = offsets[field.slot // 2 - 3]
        number = self._number(table + type_offset, "|u1", where) if type_offset else 0
        name = (field.union or {}).get(number)
        if name is None:
            raise BrokenFile(f"{where} has a type that is not in the schema")
        return None if number == 0 else self._table(self._follow(at, where), name, depth + 1)

    def _follow(self, at: int, where: str) -> int:
        """Return the position that an offset points to."""
        offset: int = self._number(at, "<u4", where)
        if not offset or at + offset >= self._size:
            raise BrokenFile(f"{where} points outside the file")
        return at + offset

    def _number(self, at: int, dtype: str, where: str) -> Any:
        format_, width = _FORMATS[dtype]
        if at < 0 or at % width or at + width > self._size:
            raise BrokenFile(f"{where} is outside the file or not aligned")
        return struct.unpack_from(format_, self._data, at)[0]

    def _numbers(self, at: int, dtype: str, where: str) -> Array:
        count, start = self._vector(at, _FORMATS[dtype][1], where)
        return np.frombuffer(self._data, dtype, count, start) if count else np.empty(0, dtype)

    def _offsets(self, at: int, where: str) -> list[int]:
        """Return the positions that a vector of offsets points to."""
        count, start = self._vector(at, 4, where)
        if count > MAX_TABLES:
            raise BrokenFile(f"{where} has more than {MAX_TABLES} entries")
        return [self._follow(start + 4 * index, where) for index in range(count)]

    def _string(self, at: int, where: str) -> str:
        count, start = self._vector(at, 1, where)
        self._string_bytes += count
        if self._string_bytes > MAX_STRING_BYTES:
            raise BrokenFile(f"its strings are longer than {MAX_STRING_BYTES} bytes in total")
        if start + count >= self._size or self._data[start + count]:
            raise BrokenFile(f"{where} does not end with a zero byte")
        text = bytes(self._data[start : start + count])
        if b"\0" in text:  # LiteRT would read the name up to this byte only
            raise BrokenFile(f"{where} contains a zero byte")
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise BrokenFile(f"{where} is not UTF-8") from None

    def _vector(self, at: int, width: int, where: str) -> tuple[int, int]:
        """Return the number of entries of a vector and the position of the first."""
        count, start = self._number(at, "<u4", where), at + 4
        if start + count * width > self._size or (count and start % width):
            raise BrokenFile(f"{where} does not fit into the file or is not aligned")
        return count, start


_FORMATS = {
    "|b1": ("?", 1),
    "|u1": ("B", 1),
    "|i1": ("b", 1),
    "<u2": ("<H", 2),
    "<i2": ("<h", 2),
    "<u4": ("<I", 4),
    "<i4": ("<i", 4),
    "<u8": ("<Q", 8),
    "<i8": ("<q", 8),
    "<f4": ("<f", 4),
    "<f8": ("<d", 8),
}
