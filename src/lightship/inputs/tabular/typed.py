"""Tables with typed columns: cells of text, booleans and dates; missing cells.

The tensor's columns are those of the first column, then those of the second, and so on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lightship.errors import InvalidInput
from lightship.inputs import gaps
from lightship.inputs.cells import WIDEST, Cell, describe_cell
from lightship.inputs.kind import Feature, Nested
from lightship.inputs.rows import each_row
from lightship.inputs.tabular.columns import Column, column_of
from lightship.inputs.tabular.table import Tabular, all_lists
from lightship.tensors import Array, TensorSpec, to_array

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.form import FormColumn
    from lightship.inputs.sampling import Sampler
    from lightship.tensors.schemas import Schema


@dataclass(frozen=True)
class TypedTabular(Tabular):
    """Input with named columns, of which some have types.

    Attributes:
        types: type and options by name of column, as in model.yaml; other columns are numbers.
        typed: the columns in order.
        by_name: the columns by name.
        optional: the columns that rows may lack.
    """

    types: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    typed: tuple[Column, ...] = field(init=False, repr=False, compare=False)
    by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)
    optional: frozenset[str] = field(init=False, repr=False, compare=False)

    direct: ClassVar[bool] = False

    def __post_init__(self) -> None:
        typed = tuple(column_of(name, self.types.get(name, {})) for name in self.names)
        object.__setattr__(self, "typed", typed)
        object.__setattr__(self, "by_name", {each.name: each for each in typed})
        object.__setattr__(self, "optional", frozenset(each.name for each in typed if each.filling is not None))

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`."""
        return cls(tuple(record["columns"]), record["types"])

    def to_json(self) -> dict[str, Any]:
        """See :class:`InputKind`."""
        return {"columns": list(self.names), "types": {name: dict(each) for name, each in self.types.items()}}

    def decode(self, value: Any, spec: TensorSpec, *, nested: Nested = to_array) -> Array:
        """Decode an object of columns, or a list of objects, as :class:`Tabular` does."""
        if isinstance(value, dict) and set(value) != {"b64"}:
            self._check(value, spec)
            if not all_lists(value):
                return to_array([self.row(self._in_order(value), spec)], spec)
            count = len(next(iter(value.values())))
            table = [value.get(name, [None] * count) for name in self.names]
            return self.decode_cells(list(zip(*table, strict=True)), spec)
        objects = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
        if not objects or not all(isinstance(item, dict) for item in value):
            return self._numbers(value, spec, nested)
        return to_array(list(each_row(partial(self.cells, spec=spec), value)), spec)

    def _numbers(self, value: Any, spec: TensorSpec, nested: Nested) -> Array:
        """Return nested lists, which hold the tensor's numbers, not cells."""
        try:
            return gaps.decode(value, spec, self.check_values, nested) if self.nullable else nested(value, spec)
        except InvalidInput as error:
            if not _has_cells(value):
                raise
            reason = "lists hold the tensor's numbers: send text, booleans and dates in objects by column name"
            raise InvalidInput(reason, input=spec.name, row=error.row) from None

    def column_features(self, spec: TensorSpec) -> tuple[Feature, ...] | None:
        """See :class:`InputKind`: a column may take several elements of a row."""
        ends = accumulate(column.width for column in self.typed)
        return tuple(
            Feature(column.name, end - column.width, end, column.continuous)
            for column, end in zip(self.typed, ends, strict=True)
        )

    @property
    def nullable(self) -> bool:
        """See :class:`InputKind`."""
        return any(column.gaps for column in self.typed)

    def optional_columns(self, spec: TensorSpec) -> Collection[str]:
        """See :class:`InputKind`."""
        return self.optional

    def check_tensor(self, array: Array, spec: TensorSpec) -> None:
        """See :class:`InputKind`: binary tensors follow the rules of JSON, too."""
        self.check_values(array, spec)

    def check_values(self, array: Array, spec: TensorSpec) -> None:
        """See :class:`InputKind`: NaN is a missing value in some columns of numbers."""
        columns = [(column.name, column.gaps) for column in self.typed for _ in range(column.width)]
        gaps.check_columns(array, spec, columns)

    def cell(self, spec: TensorSpec, column: str) -> Cell:
        """See :class:`InputKind`; wrong text is refused by :meth:`row`."""
        found = self.by_name[column]
        return Cell(partial(found.read, spec=spec), describe_cell(spec), found.dtype or WIDEST[spec.numpy.kind])

    def row(self, cells: Sequence[Any], spec: TensorSpec) -> list[float]:
        """Return the numbers of a row's cells; raises InvalidInput with the column."""
        found: list[float] = []
        for column, cell in zip(self.typed, cells, strict=True):
            try:
                found.extend(column.numbers(cell, spec))
            except InvalidInput as error:
                raise InvalidInput(error.reason, column=column.name) from None
        return found

    def decode_cells(self, rows: Sequence[Sequence[Any]], spec: TensorSpec) -> Array:
        """See :class:`InputKind`."""
        return to_array(list(each_row(partial(self.row, spec=spec), rows)), spec)

    def cells(self, value: Any, spec: TensorSpec) -> Any:
        """Return the numbers of a row's object; other values are returned unchanged."""
        if not isinstance(value, Mapping) or set(value) == {"b64"}:
            return value
        self._check(value, spec)
        return self.row(self._in_order(value), spec)

    def is_nested(self, spec: TensorSpec) -> bool:
        """See :class:`InputKind`: a row may be an object of text and numbers."""
        return False

    def encode(self, row: Array, spec: TensorSpec) -> Any | None:
        """Return an object of cells that become these numbers, or similar ones."""
        return dict(zip(self.names, self.example_cells(row, spec), strict=True))

    def example_cells(self, row: Array, spec: TensorSpec) -> list[Any]:
        """See :class:`InputKind`."""
        ends = np.cumsum([column.width for column in self.typed])
        parts = np.split(row.ravel(), ends[:-1])
        return [column.example(part) for column, part in zip(self.typed, parts, strict=True)]

    def describe(self) -> dict[str, str]:
        """Return the type of each column."""
        policies = {name: each["missing"] for name, each in self.types.items() if each.get("missing")}
        return {
            f"column {column.name}": column.describe()
            + (f", missing: {policies[column.name]}" if column.name in policies else "")
            for column in self.typed
        }

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return the numbers of plausible cells."""
        columns = [column.sample(sampler, spec, shape[0]) for column in self.typed]
        return np.concatenate(columns, axis=1).astype(spec.numpy)

    def form_value(self, row: Array, spec: TensorSpec) -> dict[str, Any]:
        """See :class:`InputKind`."""
        return dict(zip(self.names, self.example_cells(row, spec), strict=True))

    def _column_field(self, spec: TensorSpec, name: str) -> FormColumn:
        return self.by_name[name].field(spec)

    def _cell_schema(self, spec: TensorSpec, name: str) -> Schema:
        from lightship.tensors.schemas import nullable

        schema = self.by_name[name].schema(spec)
        return nullable(schema) if name in self.optional else schema

    def _in_order(self, values: Mapping[str, Any]) -> list[Any]:
        return [values.get(name) for name in self.names]

    def _check(self, values: Mapping[str, Any], spec: TensorSpec) -> None:
        super()._check(dict.fromkeys(self.optional) | dict(values), spec)


def _has_cells(value: Any) -> bool:
    """Return whether a row or rows in lists hold text or booleans."""
    rows = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    return any(isinstance(cell, str | bool) for row in rows if isinstance(row, list) for cell in row)
