"""Kind of input for tests: integers below 256 as hexadecimal text."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lightship.inputs.kind import InputKind, Nested
from lightship.inputs.sampling import Sampler
from lightship.tensors import Array, TensorSpec, to_array


class Hexadecimal(InputKind):
    """Input as hexadecimal text: ``"01ff"`` is the row [1, 255]."""

    options: ClassVar[tuple[str, ...] | None] = ()
    media_types: ClassVar[tuple[str, ...]] = ("text/x-hex",)
    cheap_bytes: ClassVar[int] = 100

    def decode(self, value: Any, spec: TensorSpec, *, nested: Nested = to_array) -> Array:
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            return nested(value, spec)
        return np.array([list(bytes.fromhex(text)) for text in texts], spec.numpy)

    def decode_body(self, body: bytes, spec: TensorSpec) -> Array:
        return self.decode(body.decode(), spec)

    def is_nested(self, spec: TensorSpec) -> bool:
        return False

    def schemas(self, spec: TensorSpec) -> list[dict[str, Any]]:
        return [{"type": "string", "format": "hex"}]

    def encode(self, row: Array, spec: TensorSpec) -> str:
        return bytes(row.ravel().tolist()).hex()

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        return np.full(shape, 171, spec.numpy)


KIND = Hexadecimal
