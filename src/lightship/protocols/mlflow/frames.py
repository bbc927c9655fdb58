"""MLflow's request formats as the inputs of a signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lightship.errors import InvalidInput
from lightship.inputs import decode_by_name, tables
from lightship.inputs.frames import described, from_cells, from_rows, from_values
from lightship.tensors import Array, Signature, json_type


def from_object(body: Any, signature: Signature) -> dict[str, Array]:
    """Return a request's JSON body as inputs; raises InvalidInput."""
    fields = [name for name in _FIELDS if name in body] if isinstance(body, dict) else []
    if len(fields) != 1:
        got = f"got {', '.join(fields)}" if fields else f"got {json_type(body)} without one"
        raise InvalidInput(f"the body must be a JSON object with exactly one of {', '.join(_FIELDS)}: {got}")
    return _FIELDS[fields[0]](body[fields[0]], signature, f'"{fields[0]}"')


def _from_split(value: Any, signature: Signature, where: str) -> dict[str, Array]:
    """Read the form of pandas' ``to_dict(orient="split")``; the index is ignored."""
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise InvalidInput(f'{where} must be an object with "data", a list of rows, and "columns", a list of names')
    names, rows = _names(value.get("columns"), where), value["data"]
    if names is not None and rows and isinstance(rows[0], list) and len(rows[0]) != len(names):
        raise InvalidInput(f"{where} has {len(names)} columns and rows of {len(rows[0])} cells")
    return from_cells(names, rows, signature)


def _names(columns: Any, where: str) -> tuple[str, ...] | None:
    if columns is None or columns == list(range(len(columns) if isinstance(columns, list) else 0)):
        return None
    if not isinstance(columns, list) or not all(isinstance(name, str | int | float) for name in columns):
        raise InvalidInput(f'{where} must have names as "columns"')
    names = tuple(str(name) for name in columns)
    if len(set(names)) != len(names):
        raise InvalidInput(f"{where} has a column twice")
    return names


def _from_records(value: Any, signature: Signature, where: str) -> dict[str, Array]:
    if not isinstance(value, list):
        raise InvalidInput(f"{where} must be a list of records, got {json_type(value)}")
    return from_rows(value, signature, where)


def _from_inputs(value: Any, signature: Signature, where: str) -> dict[str, Array]:
    """Read tensors by input name, the only input's own value, or records."""
    specs = {spec.name: spec for spec in signature.inputs}
    table = len(specs) == 1 and tables.named(signature)
    if isinstance(value, dict) and value.keys() <= specs.keys() and (value or not table):
        return decode_by_name(value, signature)
    if isinstance(value, dict) and not (table or (len(specs) == 1 and value.keys() == {"b64"})):
        unknown = next((name for name in value if name not in specs), "")
        raise InvalidInput(f"{where} has no input '{unknown[:80]}': the inputs are {described(signature)}")
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return from_rows(value, signature, where)
    return from_values(value, signature, where)


_FIELDS: Mapping[str, Callable[[Any, Signature, str], dict[str, Array]]] = {
    "dataframe_split": _from_split,
    "dataframe_records": _from_records,
    "instances": _from_records,
    "inputs": _from_inputs,
}
