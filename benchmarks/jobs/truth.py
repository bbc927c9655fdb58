"""Comparison of a scored file with the predictions of the original Keras model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow
from pyarrow import csv

from benchmarks.examples import TOLERANCE
from lightship.tensors import Array


def check(way: str, parts: Sequence[bytes], truth: bytes) -> None:
    """Compare CSV parts, each with a header line, with the original's rows in order.

    The input's columns must be equal, of a key only the part after the last slash; probabilities may differ by
    TOLERANCE, and the class must be the one with the highest probability. Raises AssertionError with the first wrong
    row.
    """
    found, wanted = pyarrow.concat_tables(map(_read, parts)), _read(truth)
    assert found.column_names == wanted.column_names, f"{way} has the columns {found.column_names}"
    assert found.num_rows == wanted.num_rows, f"{way} has {found.num_rows} rows, not {wanted.num_rows}"
    for name in wanted.column_names:
        if name.startswith("predicted_"):
            wrong = _cells(found, name) != _most_probable(found)
        elif name.startswith("probability_"):
            wrong = ~(np.abs(_cells(found, name) - _cells(wanted, name)) <= TOLERANCE)
        else:
            wrong = _cells(found, name) != _cells(wanted, name)
        assert not wrong.any(), f"{way} is wrong in row {wrong.argmax() + 1}: {_row(found, wrong.argmax())}"


def _read(data: bytes) -> pyarrow.Table:
    table = csv.read_csv(pyarrow.BufferReader(data))
    predicted = [name for name in table.column_names if name.startswith("predicted_")]
    for name in predicted:  # a class name may look like a number
        index = table.column_names.index(name)
        table = table.set_column(index, name, table[name].cast(pyarrow.string()))
    return table


def _cells(table: pyarrow.Table, name: str) -> Array:
    if name != "key":
        values: Array = table[name].to_numpy()
        return values
    return np.array([key.rpartition("/")[2] for key in table[name].to_pylist()])


def _most_probable(table: pyarrow.Table) -> Array:
    names = [name for name in table.column_names if name.startswith("probability_")]
    probabilities = np.stack([table[name].to_numpy() for name in names], axis=1)
    classes = np.array([name.removeprefix("probability_") for name in names], dtype=object)
    most: Array = classes[probabilities.argmax(axis=1)]
    return most


def _row(table: pyarrow.Table, index: int) -> dict[str, object]:
    (row,) = table.slice(index, 1).to_pylist()
    return dict(row)
