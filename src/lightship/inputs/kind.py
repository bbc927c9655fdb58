"""Base class of the kinds of input, with the behaviour of a plain tensor.

A kind overrides what differs from a plain tensor, sent as nested lists. Code outside this package does not branch on
the kind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lightship.errors import InvalidInput
from lightship.tensors import Array, TensorSpec, check_finite, to_array

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.cells import Cell
    from lightship.inputs.sampling import Sampler

Features = Mapping[str, list[Any]]
"""Named lists of values: an example of TensorFlow Serving's ``classify`` and ``regress``."""

Nested = Callable[[Any, TensorSpec], Array]
"""Returns nested lists as an array; raises InvalidInput."""


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

    @property
    def json_types(self) -> tuple[str, ...]:
        """Return the JSON types of elements beside that of the dtype."""
        return ("null",) if self.nullable else ()

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

    def widths(self, spec: TensorSpec) -> tuple[int, ...]:
        """Return how many elements of a row's tensor each of :meth:`columns` has."""
        return (1,) * len(self.columns(spec) or ())

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

    def is_nested(self, spec: TensorSpec) -> bool:
        """Return whether a row is always nested lists after :meth:`cells`."""
        return spec.numpy.kind != "O"

    def schemas(self, spec: TensorSpec) -> list[dict[str, Any]]:
        """Return JSON schemas of the kind's own forms of one row, without nested lists."""
        return []

    def encode(self, row: Array, spec: TensorSpec) -> Any | None:
        """Return one row in the kind's own form; None where that is nested lists."""
        return None

    def example_cells(self, row: Array, spec: TensorSpec) -> list[Any]:
        """Return a row's cells in column order, for an example."""
        cells: list[Any] = row.ravel().tolist()
        return cells

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


class PlainTensor(InputKind):
    """Input without a kind: nested lists only."""

    named_feature = True


PLAIN = PlainTensor()
