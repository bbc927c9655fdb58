"""Tensors of numbers with one element per row, which hold 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lightship.errors import InvalidInput
from lightship.inputs.cells import Cell
from lightship.inputs.kind import Feature, InputKind, Nested
from lightship.inputs.rows import each_row
from lightship.inputs.tabular.columns.boolean import Boolean
from lightship.tensors import Array, TensorSpec, to_array

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.form import FormField
    from lightship.inputs.sampling import Sampler
    from lightship.tensors.schemas import Schema

_MISSING = {"missing": "nan"}


@dataclass(frozen=True)
class Booleans(InputKind):
    """Input of one boolean per row; ``missing`` is whether it may be NaN."""

    missing: bool = False

    options: ClassVar[tuple[str, ...] | None] = ("missing",)
    named_feature: ClassVar[bool] = True
    direct: ClassVar[bool] = False

    @property
    def nullable(self) -> bool:
        """See :class:`InputKind`."""
        return self.missing

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """See :class:`InputKind`."""
        if options and dict(options) != _MISSING:
            raise InvalidInput("boolean has only one option, missing: nan")

    @classmethod
    def configure(cls, spec: TensorSpec, options: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`."""
        if not spec.batched or spec.row_shape not in ((), (1,)) or spec.numpy.kind not in "fiu":
            raise InvalidInput(f"input '{spec.name}' is {spec}: a boolean needs one number per row")
        if options and spec.numpy.kind != "f":
            raise InvalidInput(f"input '{spec.name}' is {spec}: missing: nan needs a tensor of floating-point numbers")
        return cls(bool(options))

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`."""
        return cls("missing" in record)

    def to_json(self) -> dict[str, Any]:
        """See :class:`InputKind`."""
        return dict(_MISSING) if self.missing else {}

    def decode(self, value: Any, spec: TensorSpec, *, nested: Nested = to_array) -> Array:
        """See :class:`InputKind`; an element is true, false, 1 or 0."""
        if isinstance(value, dict):
            array = nested(value, spec)
            self.check_tensor(array, spec)
            return array
        rows = value if isinstance(value, list) else [value]
        return to_array(list(each_row(partial(self._number, spec=spec), rows)), spec)

    def dtypes(self, spec: TensorSpec) -> tuple[str, ...]:
        """See :class:`InputKind`: booleans, too."""
        return (spec.dtype, "bool")

    def check_tensor(self, array: Array, spec: TensorSpec) -> None:
        """See :class:`InputKind`: 0 and 1, and NaN where it is a missing value."""
        if not np.isin(array, (0, 1)).all():
            list(each_row(partial(self._number, spec=spec), array.ravel().tolist()))

    def check_values(self, array: Array, spec: TensorSpec) -> None:
        """See :class:`InputKind`."""
        self.check_tensor(array, spec)

    def column_features(self, spec: TensorSpec) -> tuple[Feature, ...] | None:
        """See :class:`InputKind`: a mean of booleans is none."""
        return (Feature(spec.name, 0, 1, number=False),)

    def optional_columns(self, spec: TensorSpec) -> Collection[str]:
        """See :class:`InputKind`."""
        return (spec.name,) if self.missing else ()

    def cell(self, spec: TensorSpec, column: str) -> Cell:
        """See :class:`InputKind`; wrong text is refused by :meth:`decode`."""
        return Cell(partial(self._column(spec).read, spec=spec), "true or false", "bool")

    def column_spec(self, spec: TensorSpec, column: str) -> TensorSpec:
        """See :class:`InputKind`."""
        return TensorSpec(spec.name, spec.dtype, (None,), spec.kind)

    def decode_cells(self, rows: Sequence[Sequence[Any]], spec: TensorSpec) -> Array:
        """See :class:`InputKind`."""
        return self.decode([row[0] for row in rows], spec)

    def is_nested(self, spec: TensorSpec) -> bool:
        """See :class:`InputKind`: a row may be true or false."""
        return False

    def element(self, spec: TensorSpec) -> Schema:
        """See :class:`InputKind`."""
        from lightship.tensors.schemas import nullable

        schema = self._column(spec).schema(spec)
        return nullable(schema) if self.missing else schema

    def field(self, spec: TensorSpec) -> FormField:
        """See :class:`InputKind`."""
        from lightship.inputs.form import FormField

        return FormField("tensor", (self._column(spec).field(spec),))

    def encode(self, row: Array, spec: TensorSpec) -> Any | None:
        """Return true or false."""
        return self._column(spec).example(row.ravel())

    def example_cells(self, row: Array, spec: TensorSpec) -> list[Any]:
        """See :class:`InputKind`."""
        return [self.encode(row, spec)]

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """See :class:`InputKind`."""
        return self._column(spec).sample(sampler, spec, shape[0]).reshape(shape).astype(spec.numpy)

    def _column(self, spec: TensorSpec) -> Boolean:
        return Boolean(spec.name, math.nan if self.missing else None)

    def _number(self, row: Any, spec: TensorSpec) -> Any:
        """Return a row of the tensor; raises InvalidInput with the input."""
        (cell,) = row if isinstance(row, list) and len(row) == 1 and spec.row_shape else (row,)
        try:
            (number,) = self._column(spec).numbers(cell, spec)
        except InvalidInput as error:
            raise InvalidInput(error.reason, input=spec.name) from None
        return [number] if spec.row_shape else number


KIND = Booleans
