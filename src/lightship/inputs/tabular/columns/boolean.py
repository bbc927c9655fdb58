"""Booleans, as 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lightship.errors import InvalidInput
from lightship.inputs.cells import BOOLEANS
from lightship.inputs.tabular.columns.column import Column, Numbers, shown
from lightship.tensors import Array, TensorSpec

if TYPE_CHECKING:
    from lightship.inputs.sampling import Sampler


@dataclass(frozen=True)
class Boolean(Column):
    """Column of booleans: true, false, 1 or 0; CSV's text in upper or lower case."""

    dtype: ClassVar[str | None] = "bool"

    def convert(self, cell: Any, spec: TensorSpec) -> Numbers:
        """See :class:`Column`."""
        if type(cell) is bool or (type(cell) is int and cell in (0, 1)):
            return (int(cell),)
        raise InvalidInput(f"{shown(cell)} is not true, false, 1 or 0")

    def read(self, text: str | None, spec: TensorSpec) -> Any:
        """See :class:`Column`."""
        return BOOLEANS.get(text.strip().lower(), text) if text else None

    def sample(self, sampler: Sampler, spec: TensorSpec, rows: int) -> Array:
        """See :class:`Column`."""
        return sampler.rng.integers(0, 2, size=(rows, 1))

    def example(self, numbers: Array) -> Any:
        """See :class:`Column`."""
        return bool(numbers[0])

    def schema(self, spec: TensorSpec) -> dict[str, Any]:
        """See :class:`Column`."""
        return {"type": "boolean"}

    def describe(self) -> str:
        """See :class:`Column`."""
        return "boolean"


COLUMN = Boolean
