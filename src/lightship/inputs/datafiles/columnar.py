"""Columns of a Parquet table as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from lightship.formats import parquet
from lightship.formats.base import Row
from lightship.inputs import kind_of
from lightship.inputs.datafiles import rows
from lightship.inputs.datafiles.layout import Layout
from lightship.inputs.datafiles.rows import Batch, Prepared
from lightship.tensors import Array, TensorSpec


def prepare(table: Any, lost: Sequence[Row], layout: Layout) -> Prepared:
    """Return the rows of a ``pyarrow.Table`` without decimals.

    See :func:`lightship.formats.parquet.without_decimals`. ``lost`` are the rows after it that could not be read.
    """
    inputs = None if lost else _numbers(table, layout)
    if inputs is None:
        found = map(_with_numbers, parquet.rows_of(_read(table, layout), first=1))
        return rows.from_rows(chain(found, lost), layout, text=False)
    count = table.num_rows
    return Prepared(count, [Batch(np.arange(count), inputs)] if count else [])


def _read(table: Any, layout: Layout) -> Any:
    """Return the table with only the columns that the model takes.

    The cells of other columns must not cause a row to be rejected.
    """
    if layout.positions is not None:
        found = {at for chosen in layout.positions.values() for at in chosen if at is not None}
        return table.select(sorted(found))
    wanted = [spec.name for spec in layout.signature.inputs if spec.name in table.column_names]
    return table.select(wanted) if wanted else table


def _numbers(table: Any, layout: Layout) -> dict[str, Array] | None:
    """Return each input from columns of numbers that it takes; None for other columns."""
    inputs = {}
    for spec in layout.signature.inputs:
        positions = (layout.positions or {}).get(spec.name) if kind_of(spec).direct else None
        if not positions or None in positions:
            return None
        array = _stacked([table.column(position) for position in positions], spec)
        if array is None:
            return None
        inputs[spec.name] = array[:, 0] if len(spec.shape) == 1 else array
        if not kind_of(spec).takes(inputs[spec.name], spec):
            return None
    return inputs


def _with_numbers(row: Row) -> Row:
    """Return a row with numbers in place of decimals.

    Columns whose decimals fit no integer dtype together still hold decimals in the table.
    """
    return replace(row, cells={name: parquet.number(cell) for name, cell in dict(row.cells).items()})


def _stacked(columns: Sequence[Any], spec: TensorSpec) -> Array | None:
    """Return columns as an array [rows, columns] of an input's dtype.

    A null is NaN. None where a column is not numeric or a cell does not fit the dtype.
    """
    if spec.numpy.kind not in "fiu":
        return None
    arrays = [column.to_numpy() for column in columns]
    if any(array.dtype.kind not in ("fiu" if spec.numpy.kind == "f" else "iu") for array in arrays):
        return None
    found = np.empty((len(arrays[0]), len(arrays)), spec.numpy)
    for number, array in enumerate(arrays):
        with np.errstate(over="ignore"):
            found[:, number] = array
        if spec.numpy.kind != "f" and not np.array_equal(found[:, number], array):
            return None
    return found
