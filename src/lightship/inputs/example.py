"""Serialised tf.Example messages, which a model's graph parses into features.

Messages: core/example/example.proto and feature.proto of TensorFlow. Encoding: protobuf.dev, "Encoding". All their
fields are length-delimited, because repeated numbers are packed.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lightship.errors import InvalidInput
from lightship.inputs.kind import Feature, Features, InputKind
from lightship.tensors import Array, TensorSpec

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.form import FormField
    from lightship.inputs.sampling import Sampler

_BYTES, _FLOATS, _INTEGERS = 1, 2, 3  # field numbers of Feature, a oneof
_UINT64 = 2**64 - 1


@dataclass(frozen=True)
class Example(InputKind):
    """Input of serialised tf.Example messages.

    ``features`` are the tensors that the graph parses from a message, with a batch dimension.
    """

    features: tuple[TensorSpec, ...]

    beyond_litert: ClassVar[tuple[str, ...]] = ("parsing of tf.Example",)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`."""
        features = record.get("features", {})
        return cls(tuple(TensorSpec(name, each["dtype"], (None, *each["shape"])) for name, each in features.items()))

    def to_json(self) -> dict[str, Any]:
        """See :class:`InputKind`."""
        return {"features": {spec.name: {"dtype": spec.dtype, "shape": list(spec.row_shape)} for spec in self.features}}

    def decode_features(self, examples: Sequence[Features], spec: TensorSpec) -> Array | None:
        """Return one message per example."""
        dtypes = {feature.name: feature.dtype for feature in self.features}
        return _column(
            [
                serialise({name: _feature_values(values, dtypes.get(name)) for name, values in example.items()})
                for example in examples
            ]
        )

    def column_features(self, spec: TensorSpec) -> tuple[Feature, ...] | None:
        """See :class:`InputKind`: a message is not a column."""
        return None

    def reads_words(self, spec: TensorSpec) -> bool:
        """See :class:`InputKind`: a message is not a text."""
        return False

    def field(self, spec: TensorSpec) -> FormField:
        """See :class:`InputKind`: a message has no fields."""
        from lightship.inputs.form import FormField

        return FormField("example")

    def parts(self, spec: TensorSpec) -> tuple[TensorSpec, ...]:
        """See :class:`InputKind`."""
        return (spec, *self.features)

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return messages with generated values of every feature."""
        if not self.features:
            return sampler.by_dtype(spec, shape)
        count = math.prod(shape)
        columns = {}
        for feature in self.features:
            sizes = (count, *(sampler.size if size is None else size for size in feature.row_shape))
            columns[feature.name] = sampler.by_dtype(feature, sizes).reshape(count, -1)
        messages = [serialise({name: rows[row].tolist() for name, rows in columns.items()}) for row in range(count)]
        return _column(messages).reshape(shape)


def _column(messages: list[bytes]) -> Array:
    array = np.empty(len(messages), np.object_)
    array[:] = messages
    return array


def _feature_values(values: list[Any], dtype: str | None) -> list[Any]:
    """Return values in the types of a tf.Example.

    JSON writers drop the ``.0`` of whole floats, so the feature's dtype decides.
    """
    if dtype == "float32" and all(isinstance(value, int) for value in values):
        return [float(value) for value in values]
    return [_bytes(value) if isinstance(value, str | dict) else value for value in values]


def _bytes(value: str | dict[str, str]) -> bytes:
    if isinstance(value, str):
        return value.encode()
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("Unable to base64 decode") from None


def serialise(features: Mapping[str, Sequence[bytes] | Sequence[float] | Sequence[int]]) -> bytes:
    """Return a serialised tf.Example.

    A feature's values are all bytes, all floats (stored as float32, out of range as infinity) or all signed 64-bit
    integers. A feature without values is present without a type.
    """
    entries = (_field(1, name.encode()) + _field(2, _feature(values)) for name, values in features.items())
    return _field(1, b"".join(_field(1, entry) for entry in entries))


def _feature(values: Sequence[bytes] | Sequence[float] | Sequence[int]) -> bytes:
    if not values:
        return b""
    if isinstance(values[0], bytes):
        return _field(_BYTES, b"".join(_field(1, value) for value in values))  # type: ignore[arg-type]
    if isinstance(values[0], float):
        with np.errstate(over="ignore"):
            return _field(_FLOATS, _field(1, np.array(values).astype("<f4").tobytes()))
    return _field(_INTEGERS, _field(1, b"".join(_varint(int(value) & _UINT64) for value in values)))


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Return a varint: seven bits per byte, lowest first; bit 8 marks continuation."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


KIND = Example
