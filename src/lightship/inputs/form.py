"""What a page needs to make a form for an input: its fields and a recorded row."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import orjson

from lightship.tensors import Array, TensorSpec

# The most numbered fields of a tensor without column names: of a larger one, a form holds JSON.
MOST_NUMBERED = 64
# The most values of a list to choose from.
MOST_VALUES = 1000


class Range(NamedTuple):
    """The range of a column: in the data of the report, or in the recorded rows."""

    low: float
    high: float
    source: Literal["report", "recorded"]


_TYPES = {"f": "number", "i": "integer", "u": "integer", "b": "boolean", "O": "string"}


@dataclass(frozen=True)
class FormColumn:
    """A field of a form.

    Attributes:
        name: the column's name.
        type: number, integer, boolean, category, date or string.
        values: the values of a category.
        optional: whether the value may be missing.
    """

    name: str
    type: str
    values: tuple[str, ...] = ()
    optional: bool = False

    def to_json(self, span: Range | None) -> dict[str, Any]:
        """Return the field, with the range of its values in the data."""
        record: dict[str, Any] = {"name": self.name, "type": self.type}
        if self.values:
            record["values"] = list(self.values)
        if span is not None:
            record |= span._asdict()
        return record | ({"optional": True} if self.optional else {})


@dataclass(frozen=True)
class FormField:
    """The fields of one input.

    Attributes:
        kind: tabular, image, text, items, tensor or example.
        columns: the fields of a row; None where it has none.
        options: what else the kind states: sizes of an image, tokens of a text, the file with names of items.
    """

    kind: str
    columns: tuple[FormColumn, ...] | None = None
    options: Mapping[str, int | str] = field(default_factory=dict)

    def to_json(self, ranges: Mapping[str, Range]) -> dict[str, Any]:
        """Return the input's fields, with ranges by name of column."""
        record: dict[str, Any] = {"kind": self.kind, **self.options}
        if self.columns is not None:
            record["columns"] = [column.to_json(_range(column, ranges)) for column in self.columns]
        return record


def _range(column: FormColumn, ranges: Mapping[str, Range]) -> Range | None:
    return ranges.get(column.name) if column.type in ("number", "integer") else None


def type_of(spec: TensorSpec) -> str:
    """Return the type of a field for an element of a tensor."""
    return _TYPES[spec.numpy.kind]


def to_json(row: Array) -> Any:
    """Return an array as nested lists of JSON.

    Floats have the fewest digits; NaN and infinities are null.
    """
    if row.dtype == np.object_:
        return _texts(row.tolist())
    (plain,) = orjson.loads(orjson.dumps(np.ascontiguousarray(row[np.newaxis]), option=orjson.OPT_SERIALIZE_NUMPY))
    return plain


def shortened(number: float, spec: TensorSpec) -> float:
    """Return an element of a tensor with no more digits than its dtype has."""
    element = np.asarray(number, spec.numpy) if spec.numpy.kind == "f" else np.asarray(number)
    return float(to_json(element)) if element == number else number


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(item) for item in value]
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}
