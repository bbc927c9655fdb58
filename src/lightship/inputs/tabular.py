"""Tables: named columns → tensors. Any signature whose inputs are numbers or strings per row can be read from CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.tensors import Array, Signature, TensorSpec, to_array

if TYPE_CHECKING:
    from lightship.formats import csv

MEDIA_TYPES: tuple[str, ...] = ("text/csv",)

# The media type's parameter ``header`` (RFC 4180); without it, it is found out.
_HEADER = {"": None, "present": True, "absent": False}

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def check_options(options: Mapping[str, Any]) -> None:
    """See :func:`configure`."""
    columns = options.get("columns")
    if set(options) != {"columns"} or not isinstance(columns, list) or not all(isinstance(c, str) for c in columns):
        raise InvalidInput("a table has one option, columns, a list of names")
    if twice := [column for place, column in enumerate(columns) if column in columns[:place]]:
        raise InvalidInput(f"two columns have the name '{twice[0]:.100}'")


def configure(spec: TensorSpec, options: Mapping[str, Any]) -> dict[str, Any]:
    """Option ``columns``: a name for each column of a tensor [batch, columns]."""
    columns = options["columns"]
    if len(spec.shape) != 2 or spec.shape[1] != len(columns):
        raise InvalidInput(f"input '{spec.name}' is {spec}: {len(columns)} columns do not fit")
    return {"columns": columns}


def from_json(value: Any, spec: TensorSpec) -> Array | None:
    """An object of columns, ``{"age": 40, …}`` or ``{"age": [40, 41], …}``, or a list of such objects of scalars."""
    columns: list[str] = (spec.kind or {})["columns"]
    if isinstance(value, dict) and set(value) != {"b64"}:
        _check_columns(columns, value, spec)
        table = [value[column] for column in columns]
        rows = [list(row) for row in zip(*table, strict=True)] if _all_lists(table, spec) else [table]
        return to_array(rows, spec)
    if (
        isinstance(value, list)
        and value
        and isinstance(value[0], dict)
        and all(isinstance(item, dict) for item in value)
    ):
        for item in value:
            _check_columns(columns, item, spec)
        return to_array([[item[column] for column in columns] for item in value], spec)
    return None


def from_body(body: bytes, signature: Signature, parameters: Mapping[str, str]) -> dict[str, Array] | None:
    """A CSV file as the inputs of a signature: by its header where it has one, else in order.

    ``parameters`` are those of the media type, of which ``header`` says whether it has one.
    """
    if not readable(signature):
        return None
    from lightship.formats import csv  # JSON does not wait for the formats of files

    wanted = [(spec, column) for spec in signature.inputs for column in columns_of(spec)]
    names = [column for _, column in wanted]
    table = csv.read(body, said=_has_header(parameters), names=names)
    cells = _ordered(table, names, named=any(spec.kind for spec in signature.inputs) or len(signature.inputs) > 1)
    inputs: dict[str, Array] = {}
    for spec in signature.inputs:
        chosen = [index for index, (owner, _) in enumerate(wanted) if owner is spec]
        inputs[spec.name] = _column_array(cells, chosen, names, spec)
    return inputs


def describe(spec: TensorSpec) -> list[dict[str, Any]]:
    """JSON schema of one row as an object."""
    columns: list[str] = (spec.kind or {})["columns"]
    return [
        {
            "type": "object",
            "required": columns,
            "additionalProperties": False,
            "properties": {column: {"type": "number"} for column in columns},
        }
    ]


def readable(signature: Signature) -> bool:
    """Whether every input is one cell, or a known number of cells, per row."""
    return all(
        spec.batched and (len(spec.shape) == 1 or (len(spec.shape) == 2 and spec.shape[1] is not None))
        for spec in signature.inputs
    )


def columns_of(spec: TensorSpec) -> list[str]:
    """The names of an input's columns: its kind's, or its own name, numbered where there are several."""
    if spec.kind and "columns" in spec.kind:
        return list(spec.kind["columns"])
    count = spec.shape[1] if len(spec.shape) == 2 else 1
    return [spec.name] if count == 1 else [f"{spec.name}_{index}" for index in range(count or 0)]


def _check_columns(columns: Sequence[str], given: Mapping[str, Any], spec: TensorSpec) -> None:
    if missing := [column for column in columns if column not in given]:
        raise InvalidInput(f"input '{spec.name}' lacks the column '{missing[0]}': it needs {', '.join(columns)}")
    if unknown := [column for column in given if column not in columns]:
        raise InvalidInput(f"input '{spec.name}' has no column '{unknown[0][:80]}': it has {', '.join(columns)}")


def _all_lists(table: Sequence[Any], spec: TensorSpec) -> bool:
    lists = [item for item in table if isinstance(item, list)]
    if lists and (len(lists) != len(table) or len({len(item) for item in lists}) != 1):
        raise InvalidInput(f"input '{spec.name}' is ragged: all columns must have the same number of rows")
    return bool(lists)


def _has_header(parameters: Mapping[str, str]) -> bool | None:
    said = parameters.get("header", "")
    if said.lower() not in _HEADER:
        raise InvalidInput(f"the content type says header={said[:80]}: a CSV's header is present or absent")
    return _HEADER[said.lower()]


def _ordered(table: csv.Table, names: Sequence[str], *, named: bool) -> list[list[str]]:
    """The table's cells in the order of ``names``."""
    if table.header is not None and named:
        if missing := [name for name in names if name not in table.header]:
            raise InvalidInput(f"the CSV lacks the column '{missing[0]}': it needs {', '.join(names)}")
        order = [table.header.index(name) for name in names]
        return [[row[index] for index in order] for row in table.rows]
    width = len(table.rows[0])
    if width != len(names):
        raise InvalidInput(f"the CSV has {width} columns: {len(names)} are expected ({', '.join(names)})")
    return table.rows


def _column_array(cells: list[list[str]], chosen: Sequence[int], names: Sequence[str], spec: TensorSpec) -> Array:
    parse = parser(spec)
    rows: list[Any] = []
    for number, row in enumerate(cells, start=1):
        for index in chosen:
            try:
                row[index] = parse(row[index])
            except (ValueError, KeyError):
                place = f"row {number} of the CSV, column '{names[index]}'"
                raise InvalidInput(f"{place}: {row[index][:40]!r} is not {describe_cell(spec)}") from None
        rows.append(row[chosen[0]] if len(spec.shape) == 1 else [row[index] for index in chosen])
    if spec.dtype == "string":
        return to_array(rows, spec)
    with np.errstate(over="ignore"):
        return np.array(rows, dtype=spec.numpy)


def _boolean(cell: str) -> bool:
    return _BOOLEANS[cell.strip().lower()]


def parser(spec: TensorSpec) -> Callable[[str], Any]:
    """Return the function that reads a cell for this input; it raises ValueError or KeyError for any other text."""
    parse = PARSERS[spec.numpy.kind]
    if spec.numpy.kind not in "iu":
        return parse
    limits = np.iinfo(spec.numpy)
    least, most = limits.min, limits.max

    def integer(cell: str) -> int:
        number = int(cell)
        if not least <= number <= most:
            raise ValueError
        return number

    return integer


def describe_cell(spec: TensorSpec) -> str:
    """Return what a cell for this input must be: ``float32``, or ``int8 (-128..127)``."""
    if spec.numpy.kind not in "iu":
        return spec.dtype
    limits = np.iinfo(spec.numpy)
    return f"{spec.dtype} ({limits.min}..{limits.max})"


# How a cell's text is read, by numpy's kind letter; each raises ValueError or KeyError.
PARSERS: dict[str, Callable[[str], Any]] = {"f": float, "i": int, "u": int, "b": _boolean, "O": str}
