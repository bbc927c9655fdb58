"""Tables of numbers in which cells of some columns may be missing.

They are read as quickly as tables of plain numbers where no cell is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lightship.inputs import gaps
from lightship.inputs.kind import Nested
from lightship.inputs.tabular.table import Tabular
from lightship.tensors import Array, TensorSpec, to_array

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.cells import Cell
    from lightship.inputs.sampling import Sampler
    from lightship.tensors.schemas import Schema


def is_gapped(types: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether all columns are numbers of which some may be NaN."""
    policies = [each.get("missing", "error") for each in types.values()]
    plain = all(
        each.keys() <= {"type", "missing"} and each.get("type", "number") == "number" for each in types.values()
    )
    return plain and "nan" in policies


@dataclass(frozen=True)
class GappedTabular(Tabular):
    """Input with named columns of numbers; ``types`` has those that may be missing."""

    types: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    missing: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        missing = frozenset(name for name, each in self.types.items() if each.get("missing") == "nan")
        object.__setattr__(self, "missing", missing)

    @property
    def nullable(self) -> bool:
        """See :class:`InputKind`."""
        return True

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`."""
        return cls(tuple(record["columns"]), record["types"])

    def to_json(self) -> dict[str, Any]:
        """See :class:`InputKind`."""
        return {"columns": list(self.names), "types": {name: dict(each) for name, each in self.types.items()}}

    def describe(self) -> dict[str, str]:
        """Return the columns, and those that may be missing."""
        missing = ", ".join(name for name in self.names if name in self.missing)
        return {"columns": ", ".join(self.names), "missing: nan": missing}

    def decode(self, value: Any, spec: TensorSpec, *, nested: Nested = to_array) -> Array:
        """Decode objects as :class:`Tabular` does, and nested lists that hold null."""
        complete = self._complete(value)
        if not gaps.has_null(complete):
            return super().decode(complete, spec, nested=nested)
        array = super().decode(gaps.filled(complete), spec)
        self.check_values(array, spec)
        return array

    def check_tensor(self, array: Array, spec: TensorSpec) -> None:
        """See :class:`InputKind`: binary tensors follow the rules of JSON, too."""
        self.check_values(array, spec)

    def check_values(self, array: Array, spec: TensorSpec) -> None:
        """See :class:`InputKind`: NaN is a missing value in some columns."""
        gaps.check_columns(array, spec, [(name, name in self.missing) for name in self.names])

    def optional_columns(self, spec: TensorSpec) -> Collection[str]:
        """See :class:`InputKind`."""
        return self.missing

    def cell(self, spec: TensorSpec, column: str) -> Cell:
        """See :class:`InputKind`; :meth:`check_values` refuses cells of other columns."""
        return gaps.lenient(super().cell(spec, column))

    def column_spec(self, spec: TensorSpec, column: str) -> TensorSpec:
        """See :class:`InputKind`."""
        kind = gaps.NUMBERS if column in self.missing else None
        return TensorSpec(spec.name, spec.dtype, (None,), kind)

    def decode_cells(self, rows: Sequence[Sequence[Any]], spec: TensorSpec) -> Array:
        """See :class:`InputKind`; NaN may be among the cells."""
        array = self.decode([list(row) for row in rows], spec)
        self.check_values(array, spec)
        return array

    def cells(self, value: Any, spec: TensorSpec) -> Any:
        """See :class:`InputKind`; an object with other names is returned unchanged."""
        return super().cells(self._complete(value), spec)

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """See :class:`InputKind`."""
        return gaps.sampled(sampler, sampler.values(spec, shape), [name in self.missing for name in self.names])

    def _cell_schema(self, spec: TensorSpec, name: str) -> Schema:
        from lightship.tensors.schemas import nullable

        schema = super()._cell_schema(spec, name)
        return nullable(schema) if name in self.missing else schema

    def _complete(self, value: Any) -> Any:
        """Return a row's object, or those of rows, with null for columns that it lacks."""
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [self._complete(item) for item in value]
        if not isinstance(value, Mapping) or set(value) == {"b64"} or self.missing <= value.keys():
            return value
        lists = [len(item) for item in value.values() if isinstance(item, list)]
        absent: Any = [None] * lists[0] if lists else None
        return dict(value) | {name: absent for name in self.missing if name not in value}
