"""Booleans, as 0 and 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lightship.errors import InvalidInput
from lightship.inputs import gaps
from lightship.inputs.cells import BOOLEANS
from lightship.inputs.tabular.columns.column import Column, Numbers, shown
from lightship.tensors import Array, TensorSpec

if TYPE_CHECKING:
    from lightship.inputs.sampling import Sampler


@dataclass(frozen=True)
class Boolean(Column):
    """Column of booleans: true, false, 1 or 0; CSV's text in upper or lower case."""

    policies: ClassVar[tuple[str, ...]] = ("error", "default", "nan")
    dtype: ClassVar[str | None] = "bool"
    form_type: ClassVar[str] = "boolean"

    def convert(self, cell: Any, spec: TensorSpec) -> Numbers:
        """See :class:`Column`."""
        if type(cell) in (bool, int, float) and cell in (0, 1):
            return (int(cell),)
        raise InvalidInput(f"{shown(cell)} is not true, false, 1 or 0")

    def read(self, text: str | None, spec: TensorSpec) -> Any:
        """See :class:`Column`."""
        return BOOLEANS.get(text.strip().lower(), text) if text else None

    def sample(self, sampler: Sampler, spec: TensorSpec, rows: int) -> Array:
        """See :class:`Column`."""
        values = sampler.rng.integers(0, 2, size=(rows, 1))
        return gaps.sampled(sampler, values.astype(spec.numpy)) if self.gaps else values

    def example(self, numbers: Array) -> Any:
        """See :class:`Column`."""
        return None if self.gaps and math.isnan(numbers[0]) else bool(numbers[0])

    def schema(self, spec: TensorSpec) -> dict[str, Any]:
        """See :class:`Column`."""
        return {"type": ["boolean", "number"], "enum": [True, False, 0, 1]}

    def describe(self) -> str:
        """See :class:`Column`."""
        return "boolean"


COLUMN = Boolean
