"""Missing values in tensors of floating-point numbers: NaN where a model takes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.tensors import MISSING, Array, TensorSpec, check_finite, to_array, validate

if TYPE_CHECKING:
    from lightship.inputs.cells import Cell
    from lightship.inputs.kind import Nested
    from lightship.inputs.sampling import Sampler

# Kind of an input without column names, all of whose elements may be missing.
NUMBERS: Mapping[str, Any] = {"type": "number", "missing": "nan"}

# Kind of an input of strings, in which an empty one is a missing one.
STRING: Mapping[str, Any] = {"type": "string", "missing": "default", "default": ""}

# Kind of an input with one boolean per row.
BOOLEAN: Mapping[str, Any] = {"type": "boolean"}

_SHARE = 0.1  # of generated values


def table(columns: Sequence[str], missing: Collection[str], booleans: Collection[str] = ()) -> dict[str, Any]:
    """Return the kind of a table of numbers and booleans.

    ``missing`` are the columns with gaps.
    """
    found = {name: _options(name in missing, boolean=name in booleans) for name in columns}
    types = {name: options for name, options in found.items() if options}
    return {"type": "tabular", "columns": list(columns), **({"types": types} if types else {})}


def _options(missing: bool, *, boolean: bool) -> dict[str, str]:
    return ({"type": "boolean"} if boolean else {}) | ({"missing": "nan"} if missing else {})


def has_null(value: Any) -> bool:
    """Return whether nested lists, or objects of lists or scalars, hold null."""
    if isinstance(value, dict):
        return any(map(has_null, value.values()))
    if not isinstance(value, list):
        return value is None
    return None in value or (bool(value) and isinstance(value[0], list | dict) and any(map(has_null, value)))


def filled(value: Any, filling: Any = math.nan) -> Any:
    """Return nested lists or objects with another value in place of null."""
    if isinstance(value, list):
        return [filled(item, filling) for item in value]
    if isinstance(value, Mapping):
        return {name: filled(item, filling) for name, item in value.items()}
    return filling if value is None else value


def decode(value: Any, spec: TensorSpec, check: Callable[[Array, TensorSpec], None], nested: Nested) -> Array:
    """Return nested lists as an array, checked and with NaN where they hold null."""
    if not has_null(value):
        return nested(value, spec)
    array = to_array(filled(value), spec)
    check(array, spec)
    return array


def check_numbers(array: Array, spec: TensorSpec) -> None:
    """Raise InvalidInput where an array holds an infinity."""
    check_finite(np.where(np.isnan(array), array.dtype.type(0), array), spec)


def check_columns(array: Array, spec: TensorSpec, columns: Sequence[tuple[str, bool]]) -> None:
    """Raise InvalidInput, with the row and the column, for an infinity or a wrong NaN.

    ``columns`` are name and whether it may hold NaN, for each of the tensor's columns.
    """
    validate({spec.name: array}, [spec])
    allowed = np.array([missing for _, missing in columns])
    wrong = ~np.isfinite(array) & ~(np.isnan(array) & allowed)
    if not wrong.any():
        return
    row, column = np.argwhere(wrong)[0].tolist()
    fault = MISSING if np.isnan(array[row, column]) else f"an infinity, or a number beyond {spec.dtype}"
    raise InvalidInput(fault, row=row, column=columns[column][0])


def lenient(cell: Cell) -> Cell:
    """Return a column's reading in which an empty or absent cell is None."""
    from lightship.inputs.cells import Cell  # imported here: JSON bodies do not need it

    return Cell(lambda text: cell.parse(text) if text else None, cell.expected, cell.dtype)


def sampled(sampler: Sampler, values: Array, allowed: Any = True) -> Array:
    """Return generated values, a tenth of them NaN in the second half of the rows.

    The first rows are examples of documentation. ``allowed`` is whether a value may be NaN, or that for each column.
    Values with NaN are returned unchanged: they are rows that the importer chose.
    """
    if np.isnan(values).any():
        return values
    missing = (sampler.rng.random(values.shape) < _SHARE) & allowed
    missing[: len(missing) // 2] = False
    return np.where(missing, values.dtype.type(np.nan), values)
