"""Rows of a table in JSON as the inputs of a signature.

Each column of a data frame is an input, or an element of an input: by name, or in order if the names do not match.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from lightship.errors import InvalidInput
from lightship.inputs import tables
from lightship.inputs.kinds import kind_of
from lightship.tensors import Array, Signature, TensorSpec, json_type

# Index of the cells of columns that are not in the table, after they were appended to its rows.
_ABSENT = -1


@dataclass(frozen=True)
class Frame:
    """A data frame in JSON: rows of cells.

    ``names`` is None where the columns are unnamed or only numbered.
    """

    names: tuple[str, ...] | None
    rows: Sequence[Sequence[Any]]


def from_rows(value: list[Any], signature: Signature, where: str) -> dict[str, Array]:
    """Read one value per row.

    A value is an object of columns or of inputs, or the only input's own value.
    """
    if not value:
        raise InvalidInput(f"{where} is empty: send at least one row")
    if not isinstance(value[0], dict) or value[0].keys() == {"b64"}:
        return from_values(value, signature, where, rows=len(value))
    for row, record in enumerate(value):
        if not isinstance(record, dict):
            raise InvalidInput(f"expected an object like the first row, got {json_type(record)}", row=row)
    optional = {name for spec in signature.inputs for name in kind_of(spec).optional_columns(spec)}
    names = tuple(dict.fromkeys([*value[0], *(name for record in value for name in optional & record.keys())]))
    for row, record in enumerate(value):
        if missing := next((name for name in names if name not in record and name not in optional), None):
            raise InvalidInput("the value is missing", row=row, column=missing[:80])
    return from_frame(Frame(names, [[record.get(name) for name in names] for record in value]), signature)


def from_values(value: Any, signature: Signature, where: str, rows: int | None = None) -> dict[str, Array]:
    """Read nested lists for the only input, or rows of unnamed cells for several."""
    if len(signature.inputs) == 1:
        (spec,) = signature.inputs
        array = kind_of(spec).decode(value, spec)
        return {spec.name: array if rows is None else _checked_count(array, spec, rows)}
    if not isinstance(value, list) or not value:
        raise InvalidInput(f"{where} must be rows, or an object with {described(signature)}")
    return from_frame(Frame(None, checked_rows(value)), signature)


def from_frame(frame: Frame, signature: Signature) -> dict[str, Array]:
    """Return a data frame as inputs.

    Columns are whole inputs, or elements of inputs, by name or, if the names do not match, in order. As in MLflow,
    named columns of no input are ignored, and null is NaN in an input of floats.
    """
    specs = signature.inputs
    if frame.names is not None and _holds_inputs(frame.names, signature):
        indices = {name: index for index, name in enumerate(frame.names)}
        complete = [[*row, None] for row in frame.rows]
        return {spec.name: _column([row[indices.get(spec.name, _ABSENT)] for row in complete], spec) for spec in specs}
    if not tables.readable(signature):
        raise InvalidInput(f"a table needs a column for each input: {described(signature)}")
    wanted = [(name, column) for name, columns in tables.columns_of(signature).items() for column in columns]
    order = _order(frame, [column for _, column in wanted], signature)
    rows = [[*row, None] for row in frame.rows] if _ABSENT in order else frame.rows
    inputs = {}
    for spec in specs:
        positions = [index for index, (owner, _) in zip(order, wanted, strict=True) if owner == spec.name]
        cells = [[_cell(row[index], spec) for index in positions] for row in rows]
        inputs[spec.name] = kind_of(spec).decode_cells(cells, spec)
    return inputs


def _holds_inputs(names: Collection[str], signature: Signature) -> bool:
    """Return whether columns are whole inputs: one, and all that are required."""
    specs = signature.inputs
    required = [spec.name for spec in specs if not kind_of(spec).may_be_absent(spec)]
    return any(spec.name in names for spec in specs) and all(name in names for name in required)


def checked_rows(rows: list[Any]) -> list[list[Any]]:
    """Return rows after checking that all are equally long lists of cells."""
    for number, row in enumerate(rows):
        if not isinstance(row, list):
            raise InvalidInput(f"expected a list of cells, got {json_type(row)}", row=number)
        if len(row) != len(rows[0]):
            raise InvalidInput(f"ragged: {len(row)} cells where the first row has {len(rows[0])}", row=number)
    return rows


def _checked_count(array: Array, spec: TensorSpec, rows: int) -> Array:
    """Return an array after checking that it has as many rows as were sent.

    Raises InvalidInput also where all values together were read as one row.
    """
    if spec.batched and (array.ndim == 0 or len(array) != rows):
        raise InvalidInput(f"input '{spec.name}' must have shape {list(spec.row_shape)} in each of {rows} rows")
    return array


def _order(frame: Frame, wanted: Sequence[str], signature: Signature) -> Sequence[int]:
    """Return the index of each wanted column; _ABSENT for an optional one."""
    if frame.names is not None and (tables.named(signature) or not set(wanted).isdisjoint(frame.names)):
        indices = {name: index for index, name in enumerate(frame.names)}
        if missing := tables.missing_columns(signature, frame.names):
            raise InvalidInput(f"the table lacks the column '{missing[0]}': it needs {', '.join(wanted)[:300]}")
        return [indices.get(name, _ABSENT) for name in wanted]
    width = len(frame.rows[0]) if frame.rows else 0
    if width != len(wanted):
        raise InvalidInput(f"the number of columns must be {len(wanted)} ({', '.join(wanted)[:300]}), got {width}")
    return range(width)


def _column(values: list[Any], spec: TensorSpec) -> Array:
    """Return a column that holds a whole input.

    A cell is a row's number, text, nested list, or object of the input's columns.
    """
    kind, cells = kind_of(spec), [_cell(value, spec) for value in values]
    nested = (list, dict) if kind.named_columns else list
    if len(spec.shape) == 2 and not any(isinstance(cell, nested) for cell in cells):
        cells = [[cell] for cell in cells]  # an input [batch, 1]
    return _checked_count(kind.decode(cells, spec), spec, len(values))


def _cell(value: Any, spec: TensorSpec) -> Any:
    return math.nan if value is None and spec.numpy.kind == "f" else value


def described(signature: Signature) -> str:
    """Return the inputs for a message."""
    return ", ".join(f"'{spec.name}' ({spec})" for spec in signature.inputs)
