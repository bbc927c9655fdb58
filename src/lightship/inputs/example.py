"""tf.Example in Protocol Buffers' wire format: what TensorFlow Serving packs an example's features into.

Messages: core/example/example.proto and feature.proto of TensorFlow. Encoding: protobuf.dev, "Encoding". Every field
of theirs is length-delimited, because repeated numbers are packed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

_BYTES, _FLOATS, _INTEGERS = 1, 2, 3  # fields of Feature, of which one is set
_UINT64 = 2**64 - 1


def example(features: Mapping[str, Sequence[bytes] | Sequence[float] | Sequence[int]]) -> bytes:
    """A serialised tf.Example.

    A feature's values are all bytes, all floats (a float32 each: what is larger becomes an infinity) or all integers of
    64 bits with a sign. Without values it is there and has no type.
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
    """Seven bits in each byte, the lowest first; the eighth says that there are more."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
