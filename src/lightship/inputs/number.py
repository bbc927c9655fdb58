"""Tensors of floats without column names, in which values may be missing."""

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
    from lightship.inputs.sampling import Sampler

_MISSING = "nan"


@dataclass(frozen=True)
class Number(InputKind):
    """Input of numbers in nested lists; null, and an empty cell, become NaN."""

    options: ClassVar[tuple[str, ...] | None] = ("missing",)
    named_feature: ClassVar[bool] = True

    @property
    def nullable(self) -> bool:
        """See :class:`InputKind`."""
        return True

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """See :class:`InputKind`."""
        if dict(options) != {"missing": _MISSING}:
            raise InvalidInput("number has exactly one option, missing: nan")

    @classmethod
    def configure(cls, spec: TensorSpec, options: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`."""
        if spec.numpy.kind != "f":
            raise InvalidInput(f"input '{spec.name}' is {spec}: missing: nan needs a tensor of floating-point numbers")
        return cls()

    def to_json(self) -> dict[str, Any]:
        """See :class:`InputKind`."""
        return {"missing": _MISSING}

    def decode(self, value: Any, spec: TensorSpec, *, nested: Nested = to_array) -> Array:
        """See :class:`InputKind`; null is a missing value."""
        return gaps.decode(value, spec, self.check_values, nested)

    def check_tensor(self, array: Array, spec: TensorSpec) -> None:
        """See :class:`InputKind`: binary tensors follow the rules of JSON, too."""
        self.check_values(array, spec)

    def check_values(self, array: Array, spec: TensorSpec) -> None:
        """See :class:`InputKind`: NaN is a missing value."""
        gaps.check_numbers(array, spec)

    def optional_columns(self, spec: TensorSpec) -> Collection[str]:
        """See :class:`InputKind`: an input of one number per row may be absent."""
        return (spec.name,) if len(spec.shape) == 1 else ()

    def cell(self, spec: TensorSpec, column: str) -> Cell:
        """See :class:`InputKind`."""
        return gaps.lenient(super().cell(spec, column))

    def column_spec(self, spec: TensorSpec, column: str) -> TensorSpec:
        """See :class:`InputKind`."""
        return TensorSpec(spec.name, spec.dtype, (None,), spec.kind)

    def decode_cells(self, rows: Sequence[Sequence[Any]], spec: TensorSpec) -> Array:
        """See :class:`InputKind`."""
        return self.decode([row[0] for row in rows] if len(spec.shape) == 1 else rows, spec)

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """See :class:`InputKind`."""
        return gaps.sampled(sampler, sampler.values(spec, shape))


KIND = Number
