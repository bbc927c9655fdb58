"""Rows of a table in JSON as the inputs of a signature.

Each column of a data frame is an input, or an element of an input: by name, or in order if the names do not match.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import islice
from typing import Any

from lightship.errors import InvalidInput
from lightship.inputs import tables
from lightship.inputs.kinds import decode, kind_of
from lightship.inputs.rows import all_rows, check_form, is_object
from lightship.tensors import MISSING, Array, Signature, TensorSpec, json_type

# Index of the cells of columns that are not in the table, after they were appended to its rows.
_ABSENT = -1

Reader = Callable[[Sequence[Sequence[Any]]], dict[str, Array]]
"""Returns rows of cells as inputs; raises InvalidInput."""


def from_rows(value: list[Any], signature: Signature, where: str) -> dict[str, Array]:
    """Read one value per row.

    A value is an object of columns or of inputs, or the only input's own value. Raises InvalidInput with the first
    wrong row.
    """
    if not value:
        raise InvalidInput(f"{where} is empty: send at least one row")
    if not is_object(value[0]):
        return from_values(value, signature, where, rows=len(value))
    optional = {name for spec in signature.inputs for name in kind_of(spec).optional_columns(spec)}
    present = [name for record in value if isinstance(record, dict) for name in optional & record.keys()]
    names = tuple(dict.fromkeys([*value[0], *present])) if any(value) else tuple(optional)
    read = reader(names, len(names), signature)

    def convert(records: list[Any]) -> dict[str, Array]:
        check_form(records)
        for row, record in enumerate(records):
            if missing := next((name for name in names if name not in record and name not in optional), None):
                raise InvalidInput(MISSING, row=row, column=missing[:80])
        return read([[record.get(name) for name in names] for record in records])

    return _all_rows(convert, value)


def from_values(value: Any, signature: Signature, where: str, rows: int | None = None) -> dict[str, Array]:
    """Read nested lists for the only input, or rows of unnamed cells for several."""
    if len(signature.inputs) == 1:
        (spec,) = signature.inputs
        array = decode(value, spec)
        return {spec.name: array if rows is None else _checked_count(array, spec, rows)}
    if not isinstance(value, list) or not value:
        raise InvalidInput(f"{where} must be rows, or an object with {described(signature)}")
    return from_cells(None, value, signature)


def from_cells(names: tuple[str, ...] | None, rows: list[Any], signature: Signature) -> dict[str, Array]:
    """Read rows, which are lists of cells, as :func:`reader` does.

    Raises InvalidInput with the first wrong row.
    """
    if rows and not isinstance(rows[0], list):
        raise InvalidInput(f"expected a list of cells, got {json_type(rows[0])}", row=0)
    width = len(rows[0]) if rows else 0
    read = reader(names, width, signature)
    return _all_rows(lambda some: read(_checked_rows(some, width)), rows)


def _all_rows(convert: Callable[[list[Any]], dict[str, Array]], rows: list[Any]) -> dict[str, Array]:
    try:
        return all_rows(convert, rows)
    except InvalidInput as error:
        raise error.in_table() from None


def reader(names: tuple[str, ...] | None, width: int, signature: Signature) -> Reader:
    """Return how a data frame's rows of cells become inputs.

    Columns are whole inputs, or elements of inputs, by name or, if the names do not match or are None, in order. As in
    MLflow, named columns of no input are ignored, and null is NaN in an input of floats. Raises InvalidInput where the
    columns do not fit.
    """
    if names is not None and _holds_inputs(names, signature):
        return partial(_inputs, names=names, signature=signature)
    if not tables.readable(signature):
        raise InvalidInput(f"a table needs a column for each input: {described(signature)}")
    return partial(_elements, order=_order(names, width, signature), signature=signature)


def _inputs(rows: Sequence[Sequence[Any]], names: Sequence[str], signature: Signature) -> dict[str, Array]:
    """Return columns that are whole inputs."""
    indices = {name: index for index, name in enumerate(names)}
    complete = [[*row, None] for row in rows]
    return {
        spec.name: _column([row[indices.get(spec.name, _ABSENT)] for row in complete], spec)
        for spec in signature.inputs
    }


def _elements(rows: Sequence[Sequence[Any]], order: Sequence[int], signature: Signature) -> dict[str, Array]:
    """Return columns that are elements of inputs; ``order`` has their indices."""
    complete = [[*row, None] for row in rows] if _ABSENT in order else rows
    inputs, rest = {}, iter(order)
    for spec in signature.inputs:
        indices = list(islice(rest, len(kind_of(spec).columns(spec) or ())))
        cells = [[_cell(row[index], spec) for index in indices] for row in complete]
        inputs[spec.name] = kind_of(spec).decode_cells(cells, spec)
    return inputs


def _holds_inputs(names: Collection[str], signature: Signature) -> bool:
    """Return whether columns are whole inputs: one, and all that are required."""
    specs = signature.inputs
    required = [spec.name for spec in specs if not kind_of(spec).may_be_absent(spec)]
    return any(spec.name in names for spec in specs) and all(name in names for name in required)


def _checked_rows(rows: list[Any], width: int) -> list[list[Any]]:
    """Return rows after checking that all are equally long lists of cells."""
    check_form(rows)
    for number, row in enumerate(rows):
        if len(row) != width:
            raise InvalidInput(f"ragged: {len(row)} cells where the first row has {width}", row=number)
    return rows


def _checked_count(array: Array, spec: TensorSpec, rows: int) -> Array:
    """Return an array after checking that it has as many rows as were sent.

    Raises InvalidInput also where all values together were read as one row.
    """
    if spec.batched and (array.ndim == 0 or len(array) != rows):
        raise InvalidInput(f"input '{spec.name}' must have shape {list(spec.row_shape)} in each of {rows} rows")
    return array


def _order(names: Sequence[str] | None, width: int, signature: Signature) -> Sequence[int]:
    """Return the index of each column of the model; _ABSENT for an optional one."""
    wanted = [column for columns in tables.columns_of(signature).values() for column in columns]
    if names is not None and (tables.named(signature) or not set(wanted).isdisjoint(names)):
        indices = {name: index for index, name in enumerate(names)}
        if missing := tables.missing_columns(signature, names):
            raise InvalidInput(f"the table lacks the column '{missing[0]}': it needs {', '.join(wanted)[:300]}")
        return [indices.get(name, _ABSENT) for name in wanted]
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
