"""The base of every kind of input; by itself it is a plain tensor, sent as nested lists.

A kind overrides what differs from a plain tensor. Nothing outside this package asks which kind an input has.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lightship.tensors import Array, TensorSpec, to_array

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.sampling import Sampler

Features = Mapping[str, list[Any]]
"""Named lists of values: an example of TensorFlow Serving's ``classify`` and ``regress``."""


@dataclass(frozen=True)
class InputKind:
    """How requests, files and samples become one input of a model.

    Attributes:
        options: what model.yaml may say of it; None for a kind that only the compiler recognises.
        media_types: of request bodies that hold the only input of a model.
        cheap_bytes: the largest body, in bytes, that is decoded in little time.
        named_columns: whether the input's columns have names, by which objects and tables are read.
        named_feature: whether an example of TensorFlow Serving holds the input as a feature of its name.
        beyond_litert: what LiteRT's converter need not be asked about, in the words of its refusal.
    """

    options: ClassVar[tuple[str, ...] | None] = None
    media_types: ClassVar[tuple[str, ...]] = ()
    cheap_bytes: ClassVar[int] = sys.maxsize
    named_columns: ClassVar[bool] = False
    named_feature: ClassVar[bool] = False
    beyond_litert: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """Check model.yaml's options as far as they do not depend on the tensor; raises InvalidInput."""

    @classmethod
    def configure(cls, spec: TensorSpec, options: Mapping[str, Any]) -> Self:
        """Check checked options against the tensor and fill in defaults; raises InvalidInput."""
        return cls()

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read the manifest's form; raises KeyError, TypeError or ValueError on another form."""
        return cls()

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's form, without ``type``."""
        return {}

    def decode(self, value: Any, spec: TensorSpec) -> Array:
        """Return a JSON value, in the kind's own form or as nested lists, as an array of rows; raises InvalidInput."""
        array = self.decode_own(value, spec)
        return to_array(value, spec) if array is None else array

    def decode_own(self, value: Any, spec: TensorSpec) -> Array | None:
        """Return a JSON value in the kind's own form as an array of rows; None for a plain tensor."""
        return None

    def decode_body(self, body: bytes, spec: TensorSpec) -> Array:
        """Return a body of one of the kind's media types as an array of rows; raises InvalidInput."""
        raise NotImplementedError

    def decode_features(self, examples: Sequence[Features], spec: TensorSpec) -> Array | None:
        """Return examples as an array of rows; None where each has the input as a feature of its name."""
        return None

    def columns(self, spec: TensorSpec) -> tuple[str, ...] | None:
        """Return the names of the input's columns in a table; None where its rows are no columns.

        They are the input's own name, numbered where there are several.
        """
        if not spec.batched or len(spec.shape) > 2 or None in spec.row_shape:
            return None
        count = spec.row_shape[0] if spec.row_shape else 1
        return (spec.name,) if count == 1 else tuple(f"{spec.name}_{place}" for place in range(count or 0))

    def cells(self, value: Any) -> Any:
        """Return a row's JSON value without the names of its columns."""
        return value

    def is_nested(self, spec: TensorSpec) -> bool:
        """Whether a row in JSON is always nested lists, once :meth:`cells` has removed names."""
        return spec.numpy.kind != "O"

    def schemas(self, spec: TensorSpec) -> list[dict[str, Any]]:
        """Return JSON schemas of the kind's own forms of one row, beside nested lists."""
        return []

    def encode(self, row: Array, spec: TensorSpec) -> Any | None:
        """Return an array of one row in the kind's own form; None where that is nested lists."""
        return None

    def parts(self, spec: TensorSpec) -> tuple[TensorSpec, ...]:
        """Return the tensors whose unknown sizes, and bounds of integers, a sample has to suit."""
        return (spec,)

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return made-up values that the model may meet, as an array of this shape."""
        return sampler.values(spec, shape)


class PlainTensor(InputKind):
    """Nested lists, and nothing else."""

    named_feature = True


PLAIN = PlainTensor()
