"""Mapping from the columns of a file to the inputs of a model, and to tensors.

Columns are read by name if the file has the model's names; by position if it has no names, or if it has others and the
model's only input does not name its columns. A row of JSON may also hold a whole input under its name, in any form that
the kind of input accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.formats.base import Header
from lightship.inputs import kind_of, tables
from lightship.inputs.cells import WIDEST, Cell, refusal
from lightship.inputs.kind import InputKind
from lightship.tensors import MISSING, Array, Signature, TensorSpec, validate


@dataclass(frozen=True)
class Layout:
    """Columns of a file that a model reads from each row.

    Attributes:
        signature: the model's signature.
        columns: for each input, the names of its columns.
        positions: for each input, the positions of its columns, None for columns that the file may lack and does; None
            where rows are read by name only.
        width: number of cells of a row; None where it is unknown.
        positional: whether named cells are read by position, because the model's only input has no column names.
        whole: whether a row may hold a whole input under its name; never where the file's columns are the model's.
    """

    signature: Signature
    columns: Mapping[str, tuple[str, ...]]
    positions: Mapping[str, tuple[int | None, ...]] | None
    width: int | None
    positional: bool = False
    whole: bool = False


def layout(
    signature: Signature,
    header: Header | None,
    *,
    table: bool,
    detected: bool = False,
    others: Collection[str] = (),
) -> Layout:
    """Return the layout of a file; ``table`` where its rows are cells, not JSON.

    ``detected`` is whether the header may be a row of values; ``others`` are columns that are no inputs, such as the
    target, where inputs are read by position. Raises InvalidInput where the file does not fit the model.
    """
    if unbatched := [spec for spec in signature.inputs if not spec.batched]:
        raise InvalidInput(
            f"input '{unbatched[0].name}' ({unbatched[0]}) has no batch dimension: its rows cannot be scored one by one"
        )
    if not tables.readable(signature):
        if table:
            raise InvalidInput(f"the model's inputs are not table columns: send JSON lines ({_inputs(signature)})")
        return Layout(signature, {}, None, None, whole=True)
    columns = tables.columns_of(signature)
    required = [name for names in columns.values() for name in names]
    if header is None:
        return Layout(signature, columns, _positions(columns, required), len(required), whole=not table)
    own = [name for name in header.columns if name not in others]
    if not tables.by_header(signature, own if others else header.columns, detected=detected):
        positions = _positions_in_order(columns, [header.columns.index(name) for name in own])
        return Layout(signature, columns, positions, len(header.columns), positional=True)
    return Layout(signature, columns, _positions(columns, header.columns), len(header.columns))


def tensors(rows: Sequence[Any], layout: Layout, *, text: bool) -> dict[str, Array]:
    """Return the cells of rows as a batch of each input.

    ``text`` where cells are strings to be parsed. Raises InvalidInput if any row does not fit.
    """
    inputs = {}
    for spec in layout.signature.inputs:
        source = _source(spec, layout, text=text)
        values = [_pick(cells, source, layout) for cells in rows]
        try:
            inputs[spec.name] = _checked(values, spec)
        except InvalidInput as error:
            raise (len(rows) == 1 and _of_column(values[0], spec, layout)) or error from None
    return inputs


def cells_of(layout: Layout, columns: Sequence[str]) -> dict[str, Cell]:
    """Return how each of a file's columns is read that the model takes."""
    found = {}
    for spec in layout.signature.inputs:
        positions = (layout.positions or {}).get(spec.name, ())
        for name, position in zip(layout.columns.get(spec.name, ()), positions, strict=True):
            if position is not None:
                found[columns[position]] = kind_of(spec).cell(spec, name)
    return found


def typed_cells(cells: Any, layout: Layout) -> dict[str, Any]:
    """Return a valid row of JSON by column, with the model's inputs as Python values.

    A list of cells gets the names of the model's columns. Where a row holds a whole input, its cells under the names of
    that input's columns become None, because the model did not read them.
    """
    own = [name for names in layout.columns.values() for name in names]
    if not isinstance(cells, Mapping):
        cells = dict(zip(own, cells, strict=True)) if own else {layout.signature.inputs[0].name: cells}
    found = dict(cells)
    for spec in layout.signature.inputs:
        columns = layout.columns.get(spec.name, ())
        if spec.name in cells and columns != (spec.name,):
            found |= dict.fromkeys((name for name in columns if name in found), None)
            found[spec.name] = _plain(cells[spec.name], spec)
        else:
            kinds = {name: kind_of(spec).cell(spec, name).dtype for name in columns if cells.get(name) is not None}
            found |= {name: _EXACT.get(dtype, _unchanged)(cells[name]) for name, dtype in kinds.items()}
    return found


# Conversion of a JSON value to the one type that a Parquet column has.
_EXACT: dict[str, Callable[[Any], Any]] = {"float64": float, "bool": bool}


def _unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class _Source:
    """Input of a model, and how its columns are read.

    ``cells`` is None where they are JSON values.
    """

    spec: TensorSpec
    kind: InputKind
    names: tuple[str, ...]
    cells: tuple[Cell, ...] | None


def _source(spec: TensorSpec, layout: Layout, *, text: bool) -> _Source:
    kind, names = kind_of(spec), layout.columns.get(spec.name, ())
    if not text:
        return _Source(spec, kind, names, None)
    cells = (kind.cell(spec, spec.name),) * len(names) if kind.direct else (kind.cell(spec, name) for name in names)
    return _Source(spec, kind, names, tuple(cells))


def _checked(values: list[Any], spec: TensorSpec) -> Array:
    """Return one value per row as a batch that the model accepts; raises InvalidInput."""
    array = kind_of(spec).decode(values, spec)
    if len(array) != len(values):
        raise InvalidInput(f"input '{spec.name}' ({spec}) does not fit: each row must have one value for it")
    validate({spec.name: array}, [spec])
    kind_of(spec).check_values(array, spec)
    return array


def _pick(cells: Any, source: _Source, layout: Layout) -> Any:
    """Return one row's value of an input: nested lists, or one number."""
    spec = source.spec
    if isinstance(cells, Mapping):
        if layout.whole and spec.name in cells and source.names != (spec.name,):
            return source.kind.cells(cells[spec.name], spec)
        chosen = _by_name(cells, source, layout)
    else:
        chosen = _by_position(cells, spec, layout)
    if source.cells is not None:
        chosen = [
            _parsed(text, name, cell) for text, name, cell in zip(chosen, source.names, source.cells, strict=True)
        ]
    return source.kind.row(chosen, spec)


def _by_name(cells: Mapping[str, Any], source: _Source, layout: Layout) -> list[Any]:
    if layout.positional:
        return _by_position(list(cells.values()), source.spec, layout)
    try:
        return [cells[name] for name in source.names]
    except KeyError:
        optional = source.kind.optional_columns(source.spec)
    if lacking := [name for name in source.names if name not in cells and name not in optional]:
        required = [name for name in source.names if name not in optional]
        raise InvalidInput(f"{MISSING}: a row needs {', '.join(required)}", column=lacking[0])
    return [cells.get(name) for name in source.names]


def _by_position(cells: Sequence[Any], spec: TensorSpec, layout: Layout) -> list[Any]:
    if layout.positions is None:
        if len(layout.signature.inputs) == 1:
            return list(cells)
        raise InvalidInput(f"the row is a list: it must name the model's inputs, {_inputs(layout.signature)}")
    if len(cells) != layout.width:
        raise InvalidInput(f"the row has {len(cells)} cells: it must have {layout.width}")
    return [None if position is None else cells[position] for position in layout.positions[spec.name]]


def _plain(value: Any, spec: TensorSpec) -> Any:
    kind = kind_of(spec)
    return np.array(kind.cells(value, spec), WIDEST[spec.numpy.kind]).tolist() if kind.is_nested(spec) else value


def _parsed(text: str, column: str, cell: Cell) -> Any:
    try:
        return cell.parse(text)
    except (ValueError, KeyError):
        raise InvalidInput(refusal(text, cell.expected), column=column) from None


def _of_column(value: Any, spec: TensorSpec, layout: Layout) -> InvalidInput | None:
    """Return the error of a row's first invalid cell, with its column, or None."""
    names = layout.columns.get(spec.name, ())
    cells = value if isinstance(value, list) else [value]
    for name, cell in zip(names, cells, strict=False) if len(cells) == len(names) else ():
        try:
            _checked([cell], kind_of(spec).column_spec(spec, name))
        except InvalidInput as error:
            return InvalidInput(error.reason, column=name)
    return None


def _positions(columns: Mapping[str, Sequence[str]], names: Sequence[str]) -> dict[str, tuple[int | None, ...]]:
    positions = {name: position for position, name in reversed(list(enumerate(names)))}
    return {owner: tuple(map(positions.get, chosen)) for owner, chosen in columns.items()}


def _positions_in_order(
    columns: Mapping[str, Sequence[str]], positions: Sequence[int]
) -> dict[str, tuple[int | None, ...]]:
    rest = iter(positions)
    return {owner: tuple(islice(rest, len(chosen))) for owner, chosen in columns.items()}


def _inputs(signature: Signature) -> str:
    return ", ".join(f"'{spec.name}' {spec}" for spec in signature.inputs)
