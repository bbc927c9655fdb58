"""CSV tables as inputs of signatures with numbers or strings per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.inputs.cells import describe_cell, parser
from lightship.inputs.kinds import kind_of
from lightship.tensors import Array, Signature, TensorSpec, to_array

if TYPE_CHECKING:
    from lightship.formats import csv

MEDIA_TYPE = "text/csv"

# The media type's parameter ``header`` (RFC 4180); without it, the header is detected.
_HEADER = {"": None, "present": True, "absent": False}


def readable(signature: Signature) -> bool:
    """Return whether every input has a known number of cells per row."""
    return all(kind_of(spec).columns(spec) is not None for spec in signature.inputs)


def named(signature: Signature) -> bool:
    """Return whether columns are matched by name.

    They are where an input names its columns, or there are several inputs.
    """
    return len(signature.inputs) > 1 or any(kind_of(spec).named_columns for spec in signature.inputs)


def columns_of(signature: Signature) -> dict[str, tuple[str, ...]]:
    """Return the column names by input; empty for an input whose rows are not columns."""
    return {spec.name: kind_of(spec).columns(spec) or () for spec in signature.inputs}


def from_csv(body: bytes, signature: Signature, parameters: Mapping[str, str]) -> dict[str, Array]:
    """Return a CSV file as the inputs of a readable signature.

    Columns are matched by the header if there is one and :func:`named` is true, else by position. ``parameters`` are
    those of the media type: ``header`` is present or absent. Raises InvalidInput.
    """
    from lightship.formats import csv  # imported here: JSON bodies do not need it

    owners = columns_of(signature)
    names = [name for columns in owners.values() for name in columns]
    table = csv.read(body, has_header=_has_header(parameters), names=names)
    cells = _ordered(table, names, named=named(signature))
    inputs: dict[str, Array] = {}
    first = 0
    for spec in signature.inputs:
        after = first + len(owners[spec.name])
        inputs[spec.name] = _column_array(cells, range(first, after), names, spec)
        first = after
    return inputs


def _has_header(parameters: Mapping[str, str]) -> bool | None:
    value = parameters.get("header", "")
    if value.lower() not in _HEADER:
        raise InvalidInput(f"the content type has header={value[:80]}: it must be present or absent")
    return _HEADER[value.lower()]


def _ordered(table: csv.Table, names: Sequence[str], *, named: bool) -> list[list[str]]:
    """Return the table's cells in the order of ``names``."""
    if table.header is not None and named:
        if missing := [name for name in names if name not in table.header]:
            raise InvalidInput(f"the CSV lacks the column '{missing[0]}': it needs {', '.join(names)}")
        order = [table.header.index(name) for name in names]
        return [[row[index] for index in order] for row in table.rows]
    width = len(table.rows[0])
    if width != len(names):
        raise InvalidInput(f"the CSV has {width} columns: {len(names)} are expected ({', '.join(names)})")
    return table.rows


def _column_array(cells: list[list[str]], indices: Sequence[int], names: Sequence[str], spec: TensorSpec) -> Array:
    parse = parser(spec)
    rows: list[Any] = []
    for number, row in enumerate(cells, start=1):
        for index in indices:
            try:
                row[index] = parse(row[index])
            except (ValueError, KeyError):
                location = f"row {number} of the CSV, column '{names[index]}'"
                raise InvalidInput(f"{location}: {row[index][:40]!r} is not {describe_cell(spec)}") from None
        rows.append(row[indices[0]] if len(spec.shape) == 1 else [row[index] for index in indices])
    if spec.dtype == "string":
        return to_array(rows, spec)
    with np.errstate(over="ignore"):
        return np.array(rows, dtype=spec.numpy)
