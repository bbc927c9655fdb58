"""Base class of the types of columns: a cell becomes one or several numbers.

A cell is a JSON value; a Parquet file may also hold dates. CSV's text is first read as such a value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lightship.errors import InvalidInput
from lightship.tensors import MISSING, Array, TensorSpec, json_type

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.form import FormColumn
    from lightship.inputs.sampling import Sampler

Numbers = Sequence[float]
"""Numbers of one cell, as many as the column's width."""

_SHOWN = 40  # characters


@dataclass(frozen=True)
class Column:
    """Column of a table.

    Attributes:
        name: the column's name.
        filling: the value that replaces a missing one; None where a missing value is an error.
        options: options in model.yaml, without those of every type: name, type, missing, default.
        policies: values of the option ``missing``.
        continuous: whether a mean of its numbers is a number of a cell, too.
        form_type: type of the column's field in a form, as in :mod:`lightship.inputs.form`.
        dtype: dtype of the column in Parquet files, as in :mod:`lightship.inputs.cells`; None for the tensor's.
    """

    name: str
    filling: Any = None

    options: ClassVar[tuple[str, ...]] = ()
    policies: ClassVar[tuple[str, ...]] = ("error", "default")
    dtype: ClassVar[str | None] = "string"
    continuous: ClassVar[bool] = False
    form_type: ClassVar[str] = "string"

    @classmethod
    def check(cls, record: Mapping[str, Any]) -> None:
        """Check the type's own options; raises InvalidInput."""

    @classmethod
    def from_json(cls, name: str, record: Mapping[str, Any]) -> Self:
        """Read a checked record of options."""
        return cls(name, filling_of(record))

    @property
    def gaps(self) -> bool:
        """Return whether a missing value becomes NaN."""
        return isinstance(self.filling, float) and math.isnan(self.filling)

    @property
    def width(self) -> int:
        """Return the number of the tensor's columns that it takes."""
        return 1

    @property
    def largest(self) -> float:
        """Return the largest number of usual cells, which the tensor's dtype must hold."""
        return 1

    def numbers(self, cell: Any, spec: TensorSpec) -> Numbers:
        """Return a cell's numbers; raises InvalidInput with the reason alone.

        None and NaN are missing values.
        """
        if cell is None or cell != cell:  # noqa: PLR0124 - NaN
            if self.filling is None:
                raise InvalidInput(MISSING)
            if self.gaps:
                return _gap(spec)
            cell = self.filling
        return self.convert(cell, spec)

    def convert(self, cell: Any, spec: TensorSpec) -> Numbers:
        """Return the numbers of a cell that is not missing; raises InvalidInput."""
        raise NotImplementedError

    def read(self, text: str | None, spec: TensorSpec) -> Any:
        """Return the cell of a CSV's text, None for an empty one.

        Text that is not of the column's type is returned unchanged, for :meth:`numbers` to refuse.
        """
        return text or None

    def sample(self, sampler: Sampler, spec: TensorSpec, rows: int) -> Array:
        """Return the numbers of plausible cells as an array [rows, width]."""
        raise NotImplementedError

    def example(self, numbers: Array) -> Any:
        """Return a JSON value that becomes these numbers, or similar ones."""
        raise NotImplementedError

    def schema(self, spec: TensorSpec) -> dict[str, Any]:
        """Return the JSON schema of a value that is not missing."""
        raise NotImplementedError

    def field(self, spec: TensorSpec) -> FormColumn:
        """Return the field of a form; its type is the class's ``form_type``."""
        from lightship.inputs.form import FormColumn  # imported here: no prediction needs it

        return FormColumn(self.name, self.form_type, (), self.filling is not None)

    def describe(self) -> str:
        """Return the type and its most important option, for `lightship show`."""
        raise NotImplementedError


def filling_of(record: Mapping[str, Any]) -> Any:
    """Return the value of the option that ``missing`` names; None for ``error``.

    With ``missing: nan`` it is NaN.
    """
    policy = record.get("missing", "error")
    return math.nan if policy == "nan" else record.get(policy)


def _gap(spec: TensorSpec) -> Numbers:
    """Return the number of a missing cell; raises InvalidInput for integers."""
    if spec.numpy.kind != "f":
        raise InvalidInput(f"missing: nan needs a tensor of floating-point numbers, this one is {spec.dtype}")
    return (math.nan,)


def shown(cell: Any) -> str:
    """Return a wrong cell for a message: text in quotes, other values as JSON."""
    if isinstance(cell, str):
        return repr(cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}…")
    if isinstance(cell, bool | int | float) or cell is None:
        return json.dumps(cell)[:_SHOWN]
    return json_type(cell) if isinstance(cell, list | dict) else str(cell)[:_SHOWN]
