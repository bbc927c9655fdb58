"""Tensors of strings, in which a text replaces missing ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lightship.errors import InvalidInput
from lightship.inputs import gaps
from lightship.inputs.kind import InputKind, Nested
from lightship.tensors import Array, TensorSpec, to_array

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.cells import Cell


@dataclass(frozen=True)
class String(InputKind):
    """Input of strings; ``default`` replaces null, and an empty cell of a table."""

    default: str

    options: ClassVar[tuple[str, ...] | None] = ("missing", "default")
    named_feature: ClassVar[bool] = True

    @property
    def nullable(self) -> bool:
        """See :class:`InputKind`."""
        return True

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """See :class:`InputKind`."""
        default = options.get("default")
        if options != {"missing": "default", "default": default} or not isinstance(default, str):
            raise InvalidInput('string has exactly two options, such as missing: default, default: ""')

    @classmethod
    def configure(cls, spec: TensorSpec, options: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`."""
        if spec.dtype != "string":
            raise InvalidInput(f"input '{spec.name}' is {spec}: the kind string needs a tensor of strings")
        return cls(options["default"])

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`."""
        return cls(record["default"])

    def to_json(self) -> dict[str, Any]:
        """See :class:`InputKind`."""
        return {"missing": "default", "default": self.default}

    def decode(self, value: Any, spec: TensorSpec, *, nested: Nested = to_array) -> Array:
        """See :class:`InputKind`; null is a missing value."""
        return nested(gaps.filled(value, self.default) if gaps.has_null(value) else value, spec)

    def optional_columns(self, spec: TensorSpec) -> Collection[str]:
        """See :class:`InputKind`: an input of one string per row may be absent."""
        return (spec.name,) if len(spec.shape) == 1 else ()

    def cell(self, spec: TensorSpec, column: str) -> Cell:
        """See :class:`InputKind`."""
        from lightship.inputs.cells import Cell  # imported here: JSON bodies do not need it

        return Cell(lambda text: text or self.default, "string", "string")

    def column_spec(self, spec: TensorSpec, column: str) -> TensorSpec:
        """See :class:`InputKind`."""
        return TensorSpec(spec.name, spec.dtype, (None,), spec.kind)

    def decode_cells(self, rows: Sequence[Sequence[Any]], spec: TensorSpec) -> Array:
        """See :class:`InputKind`."""
        return self.decode([row[0] for row in rows] if len(spec.shape) == 1 else rows, spec)


KIND = String
