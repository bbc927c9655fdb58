"""Base class of the kinds of input, with the behaviour of a plain tensor.

A kind overrides what differs from a plain tensor, sent as nested lists. Code outside this package does not branch on
the kind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from lightship.errors import InvalidInput
from lightship.inputs.rows import is_object
from lightship.tensors import Array, TensorSpec, check_finite, is_row, to_array

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.cells import Cell
    from lightship.inputs.form import FormColumn, FormField
    from lightship.inputs.sampling import Sampler
    from lightship.tensors.schemas import Schema

Features = Mapping[str, list[Any]]
"""Named lists of values: an example of TensorFlow Serving's ``classify`` and ``regress``."""

Nested = Callable[[Any, TensorSpec], Array]
"""Returns nested lists as an array; raises InvalidInput."""


class Feature(NamedTuple):
    """A column of a table, which explanations attribute a value to.

    ``start`` and ``stop`` are its elements of a row. ``number`` is whether a mean of its values is one, too.
    """

    name: str
    start: int
    stop: int
    number: bool


@dataclass(frozen=True)
class InputKind:
    """Conversion of requests, files and samples to one input of a model.

    Attributes:
        options: options in model.yaml; None for a kind that only the compiler recognises.
        media_types: media types of request bodies that hold the only input of a model.
        cheap_bytes: the largest body, in bytes, that is certain to be decoded in little time.
        named_columns: whether objects and tables are read by the names of the input's columns.
        direct: whether the cells of a table are the tensor's elements.
        named_feature: whether an example of TensorFlow Serving holds the input as a feature of the input's name.
        beyond_litert: operations that LiteRT's converter does not support, as named in the refusal.
    """

    options: ClassVar[tuple[str, ...] | None] = None
    media_types: ClassVar[tuple[str, ...]] = ()
    cheap_bytes: ClassVar[int] = sys.maxsize
    named_columns: ClassVar[bool] = False
    direct: ClassVar[bool] = True
    named_feature: ClassVar[bool] = False
    beyond_litert: ClassVar[tuple[str, ...]] = ()

    @property
    def nullable(self) -> bool:
        """Return whether elements may be missing: null in JSON, NaN in the tensor."""
        return False

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """Check the options of model.yaml that do not depend on the tensor.

        Raises InvalidInput.
        """

    @classmethod
    def configure(cls, spec: TensorSpec, options: Mapping[str, Any]) -> Self:
        """Check options against the tensor and fill in defaults; raises InvalidInput."""
        return cls()

    @classmethod
    def files(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the names of the files beside model.yaml that the options name."""
        return ()

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read the manifest's form; raises KeyError, TypeError or ValueError."""
        return cls()

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's form, without ``type``."""
        return {}

    def to_options(self) -> dict[str, Any]:
        """Return the options of model.yaml, without ``kind``."""
        return self.to_json()

    def decode(self, value: Any, spec: TensorSpec, *, nested: Nested = to_array) -> Array:
        """Return a JSON value as an array of rows; raises InvalidInput.

        The value is in the kind's own form, or nested lists, which ``nested`` converts.
        """
        return nested(value, spec)

    def rows(self, value: Any, spec: TensorSpec) -> list[Any]:
        """Return the rows of a value that :meth:`decode` takes; empty for one row."""
        if not isinstance(value, list) or not spec.batched:
            return []
        return value if any(map(is_object, value)) or not is_row(value, spec) else []

    def decode_body(self, body: bytes, spec: TensorSpec) -> Array:
        """Return a body of one of ``media_types`` as rows; raises InvalidInput."""
        raise NotImplementedError

    def decode_features(self, examples: Sequence[Features], spec: TensorSpec) -> Array | None:
        """Return examples as an array of rows; None if the input itself is a feature."""
        return None

    def columns(self, spec: TensorSpec) -> tuple[str, ...] | None:
        """Return the names of the input's columns; None where its rows are not columns.

        They are the input's own name, numbered where there are several.
        """
        if not spec.batched or len(spec.shape) > 2 or None in spec.row_shape:
            return None
        count = spec.row_shape[0] if spec.row_shape else 1
        return (spec.name,) if count == 1 else tuple(f"{spec.name}_{index}" for index in range(count or 0))

    def column_features(self, spec: TensorSpec) -> tuple[Feature, ...] | None:
        """Return the columns as features; None where the input's rows are not columns."""
        names, number = self.columns(spec), spec.numpy.kind in "fiu"
        return None if names is None else tuple(Feature(name, at, at + 1, number) for at, name in enumerate(names))

    def reads_words(self, spec: TensorSpec) -> bool:
        """Return whether a row is a text of words."""
        return spec.numpy.kind == "O" and spec.row_shape in ((), (1,))

    def item_names(self, row: Array, spec: TensorSpec) -> Sequence[str | None] | None:
        """Return the name of each item of a row; None where a row is not items.

        The name of padding is None.
        """
        return None

    def blank(self, row: Array, spec: TensorSpec) -> Array:
        """Return a row that holds no more than the mean of a row's last axis.

        It is zero where the row has one axis, and for integers.
        """
        zero: Array = np.zeros_like(row)
        return np.broadcast_to(row.mean(axis=tuple(range(row.ndim - 1))), row.shape) if _has_mean(row) else zero

    def dtypes(self, spec: TensorSpec) -> tuple[str, ...]:
        """Return the dtypes of tensors that a client may send, the spec's first."""
        return (spec.dtype,)

    def check_tensor(self, array: Array, spec: TensorSpec) -> None:
        """Raise InvalidInput for values that the input never has.

        For tensors that a client sent as such: NaN and infinities pass, because binary data can hold them.
        """

    def check_values(self, array: Array, spec: TensorSpec) -> None:
        """Raise InvalidInput for NaN and infinities that the input does not take."""
        check_finite(array, spec)

    def takes(self, array: Array, spec: TensorSpec) -> bool:
        """Return whether :meth:`check_values` accepts an array."""
        try:
            self.check_values(array, spec)
        except InvalidInput:
            return False
        return True

    def optional_columns(self, spec: TensorSpec) -> Collection[str]:
        """Return the columns that a row or a table may lack."""
        return ()

    def may_be_absent(self, spec: TensorSpec) -> bool:
        """Return whether a call may lack the whole input."""
        return not self.named_columns and spec.name in self.optional_columns(spec)

    def column_spec(self, spec: TensorSpec, column: str) -> TensorSpec:
        """Return the spec of one column's cells, as an input of its own."""
        return TensorSpec(spec.name, spec.dtype, (None,))

    def cell(self, spec: TensorSpec, column: str) -> Cell:
        """Return how the cells of a column are read."""
        from lightship.inputs.cells import cell_of  # imported here: JSON bodies do not need it

        return cell_of(spec)

    def row(self, cells: Sequence[Any], spec: TensorSpec) -> Any:
        """Return a row of nested lists from its cells in column order.

        A missing cell is None. Raises InvalidInput.
        """
        return cells[0] if len(spec.shape) == 1 else cells

    def decode_cells(self, rows: Sequence[Sequence[Any]], spec: TensorSpec) -> Array:
        """Return rows of cells in column order as an array; raises InvalidInput."""
        return to_array([row[0] for row in rows] if len(spec.shape) == 1 else rows, spec)

    def cells(self, value: Any, spec: TensorSpec) -> Any:
        """Return a row's JSON value as nested lists, without column names."""
        return value

    def joined(self, parts: Sequence[Array], spec: TensorSpec) -> Array:
        """Return the rows of several arrays as one.

        Raises InvalidInput where they have different sizes.
        """
        first = parts[0].shape[1:]
        if other := next((part.shape[1:] for part in parts if part.shape[1:] != first), None):
            sizes = f"{list(first)} and {list(other)}"
            raise InvalidInput(
                f"the rows of input '{spec.name}' have different sizes, such as {sizes}: give rows of one size"
            )
        return np.concatenate(parts)

    def is_nested(self, spec: TensorSpec) -> bool:
        """Return whether a row is always nested lists after :meth:`cells`."""
        return spec.numpy.kind != "O"

    def element(self, spec: TensorSpec) -> Schema:
        """Return the JSON schema of an element of nested lists."""
        from lightship.tensors import schemas  # imported here: requests do not need it

        schema = schemas.element(spec)
        return schemas.nullable(schema) if self.nullable else schema

    def schemas(self, spec: TensorSpec) -> list[Schema]:
        """Return JSON schemas of the kind's own forms of one row, without nested lists."""
        return []

    def table_schemas(self, spec: TensorSpec) -> list[Schema]:
        """Return JSON schemas of the kind's own forms of several rows."""
        from lightship.tensors.schemas import any_of, array

        own = self.schemas(spec)
        return [array(any_of(*own))] if own else []

    def encode(self, row: Array, spec: TensorSpec) -> Any | None:
        """Return one row in the kind's own form; None where that is nested lists."""
        return None

    def example_cells(self, row: Array, spec: TensorSpec) -> list[Any]:
        """Return a row's cells in column order, for an example."""
        cells: list[Any] = row.ravel().tolist()
        return cells

    def field(self, spec: TensorSpec) -> FormField:
        """Return the fields of a form for the input."""
        from lightship.inputs.form import FormField  # imported here: no prediction needs it

        return FormField("tensor", self._numbered_fields(spec))

    def _numbered_fields(self, spec: TensorSpec) -> tuple[FormColumn, ...] | None:
        """Return a field for each column; None without columns, or with too many."""
        from lightship.inputs.form import MOST_NUMBERED, FormColumn, type_of

        names, optional = self.columns(spec), self.optional_columns(spec)
        if names is None or len(names) > MOST_NUMBERED:
            return None
        return tuple(FormColumn(name, type_of(spec), (), self.nullable or name in optional) for name in names)

    def form_value(self, row: Array, spec: TensorSpec) -> Any:
        """Return a recorded row as the value that a form sends.

        It may stand for another row where the kind's own form cannot express this one.
        """
        from lightship.inputs.form import to_json

        encoded = self.encode(row, spec)
        return to_json(row) if encoded is None else encoded

    def form_rounding(self) -> float:
        """Return how far a form's values may be from the recorded ones."""
        return 0.0

    def describe(self) -> dict[str, str]:
        """Return the options as text, for `lightship show`."""
        return {
            key: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            for key, value in self.to_json().items()
        }

    def parts(self, spec: TensorSpec) -> tuple[TensorSpec, ...]:
        """Return the tensors whose unknown sizes and integer bounds a sample must match."""
        return (spec,)

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return generated plausible values as an array of this shape."""
        return sampler.values(spec, shape)


def _has_mean(row: Array) -> bool:
    return row.dtype.kind == "f" and row.ndim > 1


class PlainTensor(InputKind):
    """Input without a kind: nested lists only."""

    named_feature = True

    def field(self, spec: TensorSpec) -> FormField:
        """See :class:`InputKind`: one string per row is a text."""
        from lightship.inputs.form import FormField

        return FormField("text" if self.reads_words(spec) else "tensor", self._numbered_fields(spec))


PLAIN = PlainTensor()
