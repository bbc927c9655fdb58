"""Layout of every table in a .tflite file.

It is read from the generated Python classes of LiteRT, the only form in which LiteRT ships its schema: each accessor is
called once on a recorder instead of a flatbuffer, which shows the field's position and type. So a new LiteRT version
brings its new tables.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any


class Kind(Enum):
    """Kind of a field."""

    NUMBER = "number"
    STRING = "string"
    TABLE = "table"
    UNION = "union"
    NUMBERS = "numbers"
    STRINGS = "strings"
    TABLES = "tables"


@dataclass(frozen=True)
class Field:
    """A field: its offset in the vtable, and its type.

    Attributes:
        dtype: numpy dtype of a NUMBER or of NUMBERS.
        table: name of the table of a TABLE or of TABLES.
        union: table names of a UNION by type number; the type is the field just before it in the vtable.
    """

    slot: int
    kind: Kind
    dtype: str = ""
    table: str = ""
    union: Mapping[int, str] | None = None


Layout = Mapping[str, Field]

_KINDS = {
    ("Get",): Kind.NUMBER,
    ("String",): Kind.STRING,
    ("Indirect",): Kind.TABLE,
    ("Union",): Kind.UNION,
    ("Vector", "Get"): Kind.NUMBERS,
    ("Vector", "String"): Kind.STRINGS,
    ("Vector", "Indirect"): Kind.TABLES,
}

# Unions whose type enum has another name than the accessor.
_UNIONS = {"Details": "QuantizationDetails", "ArraySegments": "SparseIndexVector", "ArrayIndices": "SparseIndexVector"}


@cache
def layouts() -> Mapping[str, Layout]:
    """Return the layout of each table by its name.

    Field names are those of the schema in snake case.
    """
    from ai_edge_litert import schema_py_generated as schema

    return {
        name: _layout(schema, value)
        for name, value in vars(schema).items()
        if isinstance(value, type) and getattr(value, "__slots__", None) == ["_tab"]
    }


@cache
def names_by_number(enum: str) -> Mapping[int, str]:
    """Return the names of an enum in the schema by their numbers."""
    from ai_edge_litert import schema_py_generated as schema

    return {value: name for name, value in vars(getattr(schema, enum)).items() if isinstance(value, int)}


class _Recorder:
    """Replacement for ``flatbuffers.table.Table`` that records calls.

    Every field exists in it.
    """

    Bytes = b""
    Pos = 0

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        def call(first: Any, *_: Any) -> Any:
            self.calls.append((name, first))
            return first if name == "Offset" else 0

        return call


def _layout(schema: Any, table: type) -> Layout:
    fields = {}
    for name, accessor in vars(table).items():
        if inspect.isfunction(accessor) and name not in {"__init__", "Init"}:
            field = _field(schema, table, name)
            if field is not None:
                fields[_snake(name)] = field
    return fields


def _field(schema: Any, table: type, name: str) -> Field | None:
    """Return the field that an accessor reads.

    None for an accessor that reads no value, such as a vector's length.
    """
    reader, recorder = table(), _Recorder()
    reader._tab = recorder
    accessor = getattr(reader, name)
    answer = accessor(*[0] * len(inspect.signature(accessor).parameters))
    (_, slot), *calls = recorder.calls
    kind = _KINDS.get(tuple(call for call, _ in calls))
    if kind is None:
        return None
    if kind in (Kind.NUMBER, Kind.NUMBERS):
        return Field(slot, kind, dtype=_dtype(calls[-1][1]))
    if kind is Kind.UNION:
        return Field(slot, kind, union=names_by_number(_UNIONS.get(name, name)))
    return Field(slot, kind, table=type(answer).__name__ if kind in (Kind.TABLE, Kind.TABLES) else "")


def _dtype(flags: Any) -> str:
    """Return numpy's name of a flatbuffers number: ``<i4``, ``|u1``, ``|b1``."""
    letter = {"Bool": "b", "Uint": "u", "Int": "i", "Floa": "f"}[
        flags.__name__[:4] if flags.__name__[0] != "I" else "Int"
    ]
    return f"{'|' if flags.bytewidth == 1 else '<'}{letter}{flags.bytewidth}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
