"""The types of columns. Adding one: a file with ``COLUMN``, an entry here, a test.

A type's module is imported at its first use: a table of plain numbers imports none.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from lightship.inputs.tabular.columns.column import Column

__all__ = ["TYPES", "Column", "class_of", "column_of"]

# Modules by the option ``type``.
TYPES: dict[str, str] = {
    "number": "lightship.inputs.tabular.columns.number",
    "category": "lightship.inputs.tabular.columns.category",
    "boolean": "lightship.inputs.tabular.columns.boolean",
    "date": "lightship.inputs.tabular.columns.date",
}


def class_of(name: str) -> type[Column]:
    """Return the class of a type of :data:`TYPES`."""
    column: type[Column] = import_module(TYPES[name]).COLUMN
    return column


def column_of(name: str, record: Mapping[str, Any]) -> Column:
    """Return the column of a checked record: its type and options."""
    return class_of(record.get("type", "number")).from_json(name, record)
