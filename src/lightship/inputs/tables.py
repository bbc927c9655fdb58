"""CSV tables as inputs of signatures with numbers or strings per row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.inputs.cells import refusal
from lightship.inputs.kinds import kind_of
from lightship.tensors import Array, Signature, TensorSpec, to_array

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


def missing_columns(signature: Signature, present: Collection[str]) -> list[str]:
    """Return the columns that a table must have and does not.

    A table needs one column at least, also where a model has defaults for all.
    """
    optional = {spec.name: kind_of(spec).optional_columns(spec) for spec in signature.inputs}
    wanted = [(owner, column) for owner, columns in columns_of(signature).items() for column in columns]
    found = frozenset(present)
    missing = [(owner, column) for owner, column in wanted if column not in found]
    everything = len(missing) == len(wanted)
    return [column for owner, column in missing if everything or column not in optional[owner]]


def by_header(signature: Signature, header: Collection[str], *, detected: bool) -> bool:
    """Return whether a table with a header is read by name, else by position.

    ``detected`` is whether the first row was taken for a header although it is not certain to be one. Raises
    InvalidInput where a column is missing.
    """
    missing, names = missing_columns(signature, header), _names(signature)
    if not missing:
        return True
    if detected and _takes_text(signature):
        raise InvalidInput(
            f"the first row of the CSV lacks the column '{missing[0]}': write a header with {', '.join(names)[:300]}, "
            "or state that there is none (header=absent in the content type, options.header: false in the request for "
            "a job, --no-header on the command line)"
        )
    if named(signature) or not frozenset(names).isdisjoint(header):
        raise InvalidInput(f"the table lacks the column '{missing[0]}': it needs {', '.join(names)[:300]}")
    _check_width(len(header), names)
    return False


def _check_width(width: int, names: Sequence[str]) -> None:
    if width != len(names):
        raise InvalidInput(f"the number of columns must be {len(names)} ({', '.join(names)[:300]}), got {width}")


def _names(signature: Signature) -> list[str]:
    return [name for columns in columns_of(signature).values() for name in columns]


def _takes_text(signature: Signature) -> bool:
    """Return whether any column holds text: a row of it may look like a header."""
    return any(
        kind_of(spec).cell(spec, name).dtype == "string"
        for spec in signature.inputs
        for name in kind_of(spec).columns(spec) or ()
    )


def from_csv(body: bytes, signature: Signature, parameters: Mapping[str, str]) -> dict[str, Array]:
    """Return a CSV file as the inputs of a readable signature.

    Columns are matched as :func:`by_header` says, by position where there is no header. ``parameters`` are those of the
    media type: ``header`` is present or absent. Raises InvalidInput.
    """
    from lightship.formats import csv  # imported here: JSON bodies do not need it

    owners, names = columns_of(signature), _names(signature)
    stated = _has_header(parameters)
    table = csv.read(body, has_header=stated, names=names)
    by_name = table.header is not None and by_header(signature, table.header, detected=stated is None)
    if not table.rows:
        raise InvalidInput("the CSV holds a header and no rows: send at least one row")
    if not by_name:
        _check_width(len(table.rows[0]), names)
    cells: list[list[Any]] = _ordered(table.rows, table.header or (), names) if by_name else table.rows
    inputs: dict[str, Array] = {}
    first = 0
    for spec in signature.inputs:
        after = first + len(owners[spec.name])
        decode = _elements if kind_of(spec).direct else _typed
        inputs[spec.name] = decode(cells, range(first, after), names, spec)
        first = after
    return inputs


def _has_header(parameters: Mapping[str, str]) -> bool | None:
    value = parameters.get("header", "")
    if value.lower() not in _HEADER:
        raise InvalidInput(f"the content type has header={value[:80]}: it must be present or absent")
    return _HEADER[value.lower()]


def _ordered(rows: list[list[str]], header: Sequence[str], names: Sequence[str]) -> list[list[Any]]:
    """Return rows in the order of ``names``, None for one that the header lacks."""
    positions = {name: index for index, name in enumerate(header)}
    order = [positions.get(name) for name in names]
    return [[None if index is None else row[index] for index in order] for row in rows]


def _elements(cells: list[list[Any]], indices: Sequence[int], names: Sequence[str], spec: TensorSpec) -> Array:
    """Return cells that are the tensor's elements, all of one dtype."""
    cell = kind_of(spec).cell(spec, names[indices[0]])
    rows: list[Any] = []
    for number, row in enumerate(cells):
        for index in indices:
            try:
                row[index] = cell.parse(row[index])
            except (ValueError, KeyError):
                reason = refusal(row[index], cell.expected)
                raise InvalidInput(reason, row=number, column=names[index]) from None
        if len(spec.shape) == 1:
            rows.append(row[indices[0]])
        else:
            rows.append(row if len(indices) == len(row) else [row[index] for index in indices])
    if spec.dtype == "string":
        return to_array(rows, spec)
    with np.errstate(over="ignore"):
        return np.array(rows, dtype=spec.numpy)


def _typed(cells: list[list[Any]], indices: Sequence[int], names: Sequence[str], spec: TensorSpec) -> Array:
    """Return the cells of columns that differ in their types."""
    kind = kind_of(spec)
    readers = [(index, kind.cell(spec, names[index]).parse) for index in indices]
    return kind.decode_cells([[read(row[index]) for index, read in readers] for row in cells], spec)
