"""Numbers, within the range of the tensor's dtype."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from lightship import numerals
from lightship.errors import InvalidInput
from lightship.inputs import gaps
from lightship.inputs.cells import describe_cell, with_hint
from lightship.inputs.tabular.columns.column import Column, Numbers, shown
from lightship.tensors import Array, TensorSpec
from lightship.tensors.specs import limits

if TYPE_CHECKING:
    from lightship.inputs.form import FormColumn
    from lightship.inputs.sampling import Sampler

_TYPES: dict[str, frozenset[type]] = {"f": frozenset({int, float})}
_INTEGERS = frozenset({int})


@dataclass(frozen=True)
class Number(Column):
    """Column of numbers: integers where the tensor's dtype is one of integers."""

    options: ClassVar[tuple[str, ...]] = ("mean",)
    policies: ClassVar[tuple[str, ...]] = ("error", "default", "mean", "nan")
    dtype: ClassVar[str | None] = None
    continuous: ClassVar[bool] = True

    @classmethod
    def check(cls, record: Mapping[str, Any]) -> None:
        """See :class:`Column`."""
        for option in ("default", "mean"):
            value = record.get(option, 0)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InvalidInput(f"{option} must be a number, not {shown(value)}")

    @property
    def largest(self) -> float:
        """See :class:`Column`: any dtype holds some numbers."""
        return 0

    def convert(self, cell: Any, spec: TensorSpec) -> Numbers:
        """See :class:`Column`."""
        if type(cell) not in _TYPES.get(spec.numpy.kind, _INTEGERS):
            raise InvalidInput(with_hint(f"{shown(cell)} is not {describe_cell(spec)}", cell))
        least, most = limits(spec.dtype)
        if not least <= cell <= most:
            raise InvalidInput(f"{shown(cell)} is outside the range of {spec.dtype}")
        return (cell,)

    def read(self, text: str | None, spec: TensorSpec) -> Any:
        """See :class:`Column`; for the grammar see :mod:`lightship.numerals`."""
        if not text:
            return None
        try:
            return numerals.real(text) if spec.numpy.kind == "f" else numerals.integer(text)
        except ValueError:
            return text

    def sample(self, sampler: Sampler, spec: TensorSpec, rows: int) -> Array:
        """See :class:`Column`."""
        values = sampler.by_dtype(spec, (rows, 1))
        return gaps.sampled(sampler, values) if self.gaps else values

    def example(self, numbers: Array) -> Any:
        """See :class:`Column`."""
        if self.gaps and math.isnan(numbers[0]):
            return None
        from lightship.inputs.form import to_json

        return to_json(numbers[0]) if math.isfinite(numbers[0]) else 0

    def field(self, spec: TensorSpec) -> FormColumn:
        """See :class:`Column`."""
        from lightship.inputs.form import type_of

        return replace(super().field(spec), type=type_of(spec))

    def schema(self, spec: TensorSpec) -> dict[str, Any]:
        """See :class:`Column`."""
        from lightship.tensors import schemas  # imported here: requests do not need it

        return schemas.element(spec)

    def describe(self) -> str:
        """See :class:`Column`."""
        return "number"


COLUMN = Number
