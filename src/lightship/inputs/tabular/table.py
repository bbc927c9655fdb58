"""Tables of numbers: tensors [batch, columns] whose columns have names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from lightship.errors import InvalidInput
from lightship.inputs.kind import Features, InputKind, Nested
from lightship.inputs.rows import is_object
from lightship.tensors import MISSING, Array, TensorSpec, to_array

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.form import FormColumn, FormField
    from lightship.tensors.schemas import Schema


@dataclass(frozen=True)
class Tabular(InputKind):
    """Input with named columns; ``names`` are in the tensor's order."""

    names: tuple[str, ...]

    options: ClassVar[tuple[str, ...] | None] = ("columns",)
    named_columns: ClassVar[bool] = True

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """See :class:`InputKind`."""
        columns = options.get("columns")
        for index, column in enumerate(columns if isinstance(columns, list) else ()):
            if isinstance(column, Mapping) and not column.get("name"):
                raise InvalidInput(f"columns[{index}] has no name")
        if set(options) != {"columns"} or not isinstance(columns, list) or not all(map(_is_column, columns)):
            raise InvalidInput("tabular has exactly one option, columns: a list of names, or of mappings with a name")
        names = [_name(column) for column in columns]
        if duplicates := [name for index, name in enumerate(names) if name in names[:index]]:
            raise InvalidInput(f"two columns have the name '{duplicates[0]:.100}'")
        if any(isinstance(column, Mapping) for column in columns):
            from lightship.inputs.tabular.options import check_types  # imported here: most tables have no types

            check_types(columns)

    @classmethod
    def configure(cls, spec: TensorSpec, options: Mapping[str, Any]) -> Self:
        """Read ``columns``: names or mappings, for a tensor [batch, columns]."""
        columns = options["columns"]
        if any(isinstance(column, Mapping) for column in columns):
            return cls._typed(spec, columns)
        if len(spec.shape) != 2 or spec.shape[1] != len(columns):
            raise InvalidInput(f"input '{spec.name}' is {spec}: it cannot have {len(columns)} named columns")
        return cls(tuple(columns))

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`; with ``types`` it is of another class."""
        if record.get("types"):
            from lightship.inputs.tabular.gapped import GappedTabular, is_gapped  # imported here: most have no types
            from lightship.inputs.tabular.typed import TypedTabular

            return cast("Self", (GappedTabular if is_gapped(record["types"]) else TypedTabular).from_json(record))
        return cls(tuple(record["columns"]))

    @classmethod
    def _typed(cls, spec: TensorSpec, columns: Sequence[str | Mapping[str, Any]]) -> Self:
        from lightship.inputs.tabular.columns import column_of
        from lightship.inputs.tabular.options import check_fit, types_of

        names, types = [_name(column) for column in columns], types_of(columns)
        check_fit([column_of(name, types.get(name, {})) for name in names], spec)
        return cls.from_json({"columns": names, "types": types})

    def to_json(self) -> dict[str, Any]:
        """See :class:`InputKind`."""
        return {"columns": list(self.names)}

    def to_options(self) -> dict[str, Any]:
        """See :class:`InputKind`: a column with a type is a mapping."""
        types = self.to_json().get("types", {})
        return {"columns": [{"name": name, **types[name]} if name in types else name for name in self.names]}

    def decode(self, value: Any, spec: TensorSpec, *, nested: Nested = to_array) -> Array:
        """Decode an object of columns, or a list of objects of scalars.

        An object's values are scalars, ``{"age": 40, …}``, or equally long lists, ``{"age": [40, 41], …}``.
        """
        if isinstance(value, dict) and set(value) != {"b64"}:
            self._check(value, spec)
            table = [value[name] for name in self.names]
            rows = [list(row) for row in zip(*table, strict=True)] if all_lists(value) else table
            return to_array(rows, spec)
        objects = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
        if not objects or not all(isinstance(item, dict) for item in value):
            return nested(value, spec)
        for row, item in enumerate(value):
            try:
                self._check(item, spec)
            except InvalidInput as error:
                raise error.at(row) from None
        return to_array([[item[name] for name in self.names] for item in value], spec)

    def rows(self, value: Any, spec: TensorSpec) -> list[Any]:
        """See :class:`InputKind`; those of an object of columns are objects."""
        if not is_object(value):
            return super().rows(value, spec)
        lists = [item for item in value.values() if isinstance(item, list)]
        if len(lists) < len(value) or len(set(map(len, lists))) != 1:
            return []
        return [dict(zip(value, cells, strict=True)) for cells in zip(*lists, strict=True)]

    def decode_features(self, examples: Sequence[Features], spec: TensorSpec) -> Array | None:
        """Decode examples with one feature per column."""
        if any(spec.name in example for example in examples):
            return None
        return self.decode(
            [
                {name: values[0] if len(values) == 1 else values for name, values in example.items()}
                for example in examples
            ],
            spec,
        )

    def columns(self, spec: TensorSpec) -> tuple[str, ...] | None:
        """See :class:`InputKind`."""
        return self.names if spec.batched else None

    def cells(self, value: Any, spec: TensorSpec) -> Any:
        """See :class:`InputKind`; an object with other names is returned unchanged."""
        if not isinstance(value, Mapping) or set(self.names) != set(value):
            return value
        return [value[name] for name in self.names]

    def field(self, spec: TensorSpec) -> FormField:
        """See :class:`InputKind`: the columns with their types."""
        from lightship.inputs.form import FormField

        return FormField("tabular", tuple(self._column_field(spec, name) for name in self.names))

    def form_value(self, row: Array, spec: TensorSpec) -> dict[str, Any]:
        """See :class:`InputKind`: an object of cells by column."""
        from lightship.inputs.form import to_json

        return dict(zip(self.names, to_json(row), strict=True))

    def schemas(self, spec: TensorSpec) -> list[Schema]:
        """Return the schema of an object of cells by column."""
        optional = self.optional_columns(spec)
        return [
            {
                "type": "object",
                "required": [name for name in self.names if name not in optional],
                "additionalProperties": False,
                "properties": {name: self._cell_schema(spec, name) for name in self.names},
            }
        ]

    def table_schemas(self, spec: TensorSpec) -> list[Schema]:
        """Return the schemas of a list of rows' objects, and of an object of columns."""
        from lightship.tensors.schemas import array

        (row,) = self.schemas(spec)
        columns = {name: array(cell) for name, cell in row["properties"].items()}
        return [array(row), row | {"properties": columns}]

    def _column_field(self, spec: TensorSpec, name: str) -> FormColumn:
        """Return the field of a column."""
        from lightship.inputs.form import FormColumn, type_of

        return FormColumn(name, type_of(spec))

    def _cell_schema(self, spec: TensorSpec, name: str) -> Schema:
        """Return the schema of the cells of a column."""
        from lightship.tensors import schemas

        return schemas.element(spec)

    def _check(self, values: Mapping[str, Any], spec: TensorSpec) -> None:
        if missing := [name for name in self.names if name not in values]:
            optional = self.optional_columns(spec)
            required = [name for name in self.names if name not in optional]
            raise InvalidInput(f"{MISSING}: a row needs {', '.join(required)}", column=missing[0])
        if unknown := [name for name in values if name not in self.names]:
            raise InvalidInput(f"there is no such column: a row has {', '.join(self.names)}", column=unknown[0][:80])


def _is_column(column: Any) -> bool:
    return isinstance(column, str) or (isinstance(column, Mapping) and isinstance(column.get("name"), str))


def _name(column: str | Mapping[str, Any]) -> str:
    return column if isinstance(column, str) else str(column["name"])


def all_lists(columns: Mapping[str, Any]) -> bool:
    """Return whether columns are lists, not scalars.

    Raises InvalidInput, with the first column of another length than the first one.
    """
    sizes = {name: len(cells) if isinstance(cells, list) else None for name, cells in columns.items()}
    first = next(iter(sizes), "")
    for name, size in sizes.items():
        if size != sizes[first]:
            reason = f"{_count(size)} where column '{first}' has {_count(sizes[first])}"
            raise InvalidInput(f"{reason}: all columns must have the same number of rows", column=name)
    return sizes.get(first) is not None


def _count(size: int | None) -> str:
    return "a single value" if size is None else f"{size} row{'' if size == 1 else 's'}"
