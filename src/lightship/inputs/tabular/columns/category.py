"""Categories: one of the given texts, as its index or as one column for each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lightship.errors import InvalidInput
from lightship.inputs.tabular.columns.column import Column, Numbers, filling_of, shown
from lightship.tensors import Array, TensorSpec

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.form import FormColumn
    from lightship.inputs.sampling import Sampler

_ERROR, _IGNORE = "error", "ignore"
_ALL_ZEROS = -1  # the index of an unknown category that is all zeros
_LISTED = 200  # characters of the values in a message
_ENUMERATED = 1000  # values in a schema
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")  # as a JSON integer is written


@dataclass(frozen=True)
class Category(Column):
    """Column of categories.

    Attributes:
        values: the categories, in the order of their indices.
        unknown: index for any other text; None where that is an error.
        one_hot: whether there is a tensor column for each value, 1 for the cell's value and 0 for others.
    """

    values: tuple[str, ...] = ()
    unknown: int | None = None
    one_hot: bool = False
    indices: Mapping[str, int] = field(init=False, repr=False, compare=False, hash=False)

    options: ClassVar[tuple[str, ...]] = ("values", "unknown", "output")

    def __post_init__(self) -> None:
        object.__setattr__(self, "indices", {value: index for index, value in enumerate(self.values)})

    @classmethod
    def check(cls, record: Mapping[str, Any]) -> None:
        """See :class:`Column`."""
        values = record.get("values")
        if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
            raise InvalidInput("values must be a list of texts (put numbers in quotes)")
        if len(set(values)) < len(values):
            duplicate = next(value for index, value in enumerate(values) if value in values[:index])
            raise InvalidInput(f"values has {shown(duplicate)} twice")
        output = record.get("output", "index")
        if output not in {"index", "one_hot"}:
            raise InvalidInput(f"output must be index or one_hot, not {shown(output)}")
        _check_unknown(record.get("unknown", _ERROR), values, one_hot=output == "one_hot")

    @classmethod
    def from_json(cls, name: str, record: Mapping[str, Any]) -> Self:
        """See :class:`Column`."""
        values, one_hot = tuple(record["values"]), record.get("output") == "one_hot"
        unknown = _index(record.get("unknown", _ERROR), values, one_hot=one_hot)
        return cls(name, filling_of(record), values, unknown, one_hot)

    @property
    def width(self) -> int:
        """See :class:`Column`."""
        return len(self.values) if self.one_hot else 1

    @property
    def largest(self) -> float:
        """See :class:`Column`."""
        return 1 if self.one_hot else max(len(self.values) - 1, self.unknown or 0)

    def convert(self, cell: Any, spec: TensorSpec) -> Numbers:
        """See :class:`Column`; an integer is the category of its digits."""
        text = str(cell) if type(cell) is int else cell
        if not isinstance(text, str):
            raise InvalidInput(f"{shown(cell)} is not text: it must be one of {_listed(self.values)}")
        index = self.indices.get(text, self.unknown)
        if index is None:
            raise InvalidInput(f"{shown(cell)} is none of {_listed(self.values)}")
        if not self.one_hot:
            return (index,)
        return [int(position == index) for position in range(len(self.values))]

    def read(self, text: str | None, spec: TensorSpec) -> Any:
        """See :class:`Column`; empty text may be a category."""
        return text if text or (text is not None and text in self.indices) else None

    def sample(self, sampler: Sampler, spec: TensorSpec, rows: int) -> Array:
        """See :class:`Column`; the index of unknown categories is among the samples."""
        indices = list(range(len(self.values)))
        if self.unknown is not None:
            indices.append(self.unknown)
        drawn = sampler.rng.choice(indices, size=rows)
        return drawn[:, np.newaxis] == np.arange(len(self.values)) if self.one_hot else drawn[:, np.newaxis]

    def example(self, numbers: Array) -> Any:
        """See :class:`Column`."""
        index = int(numbers.argmax()) if self.one_hot else int(numbers[0])
        return self.values[index] if 0 <= index < len(self.values) else self.values[0]

    def field(self, spec: TensorSpec) -> FormColumn:
        """See :class:`Column`: a list, or a text where the list would be too long."""
        from lightship.inputs.form import MOST_VALUES

        if len(self.values) > MOST_VALUES:
            return super().field(spec)
        return replace(super().field(spec), type="category", values=self.values)

    def schema(self, spec: TensorSpec) -> dict[str, Any]:
        """See :class:`Column`: an integer is the category of its digits."""
        if self.unknown is not None or len(self.values) > _ENUMERATED:
            return {"type": ["string", "integer"], "description": _listed(self.values)}
        integers = [int(value) for value in self.values if _INTEGER.fullmatch(value)]
        return {"type": ["string", "integer"] if integers else "string", "enum": [*self.values, *integers]}

    def describe(self) -> str:
        """See :class:`Column`."""
        return f"{'one-hot ' if self.one_hot else ''}category ({_listed(self.values)})"


def _check_unknown(unknown: Any, values: Sequence[str], *, one_hot: bool) -> None:
    if unknown == _ERROR or (unknown == _IGNORE and one_hot) or (isinstance(unknown, str) and unknown in values):
        return
    index = unknown if type(unknown) is int else _ALL_ZEROS
    if index < 0 or (one_hot and index >= len(values)):
        raise InvalidInput(
            f"unknown must be error, one of the values or an index from 0{', or ignore' if one_hot else ''}, "
            f"not {shown(unknown)}"
        )


def _index(unknown: str | int, values: Sequence[str], *, one_hot: bool) -> int | None:
    """Return the index of an unknown category; None where it is an error."""
    if isinstance(unknown, int) or unknown == _ERROR:
        return unknown if isinstance(unknown, int) else None
    return _ALL_ZEROS if unknown == _IGNORE and one_hot else values.index(unknown)


def _listed(values: Sequence[str]) -> str:
    """Return the values for a message, and their number where some are cut."""
    text = ", ".join(values[:_LISTED])
    if len(text) <= _LISTED and len(values) <= _LISTED:
        return text
    return f"{text[:_LISTED].rpartition(', ')[0] or text[:_LISTED]}, … ({len(values)} values)"


COLUMN = Category
