"""Texts: UTF-8 strings, which the preprocessing of a bundle turns into tokens.

The kind replaces a model's tensors of token ids, mask and type ids by one input of strings, so its options name the
tensors. :mod:`lightship.preprocessing.operators.texts.tokenizer` makes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lightship.errors import InvalidInput
from lightship.inputs.kind import Feature, InputKind, Nested
from lightship.tensors import Array, TensorSpec, to_array
from lightship.tensors.texts import check_texts

if TYPE_CHECKING:
    from typing import Self

    from lightship.inputs.form import FormField
    from lightship.inputs.sampling import Sampler
    from lightship.tensors.schemas import Schema

MAX_BYTES = 64 * 1024  # of one text, by default
FILES = {".txt": "wordpiece", ".json": "json", ".model": "sentencepiece"}  # form of a tokenizer file, by its suffix
_LONGEST = 1_000_000  # tokens of a row
_LARGEST = 16 * 1024 * 1024
_WORDS = 8  # of a sampled text
_UNUSUAL = ("größer Ñandú 東京 \U0001f6a2 e\u0301", "", "", "0123456789 !?;-- (a.b) don't\t\r\n\x00\u200b")


@dataclass(frozen=True)
class Text(InputKind):
    """Input of texts.

    Attributes:
        tokenizer: name of the tokenizer file, for information.
        length: the most tokens of a row.
        max_bytes: the most bytes of one text.
    """

    tokenizer: str
    length: int
    max_bytes: int = MAX_BYTES

    options: ClassVar[tuple[str, ...] | None] = (
        "tokenizer",
        "length",
        "padding",
        "truncation",
        "lower",
        "begin",
        "end",
        "pad",
        "attention_mask",
        "token_type_ids",
        "name",
        "max_bytes",
    )
    media_types: ClassVar[tuple[str, ...]] = ("text/plain",)
    cheap_bytes: ClassVar[int] = 1024  # bytes that are split into tokens in about a millisecond
    most_rows: ClassVar[int] = 16  # attention takes memory of rows x tokens x tokens, and is not faster with more rows
    named_feature: ClassVar[bool] = True

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """See :class:`InputKind`."""
        if unknown := sorted(map(str, set(options) - set(_CHECKS))):
            raise InvalidInput(f"a text has no option '{unknown[0]:.100}', it has {', '.join(_CHECKS)}")
        if "tokenizer" not in options:
            raise InvalidInput(f"a text needs the option tokenizer, {_CHECKS['tokenizer'][1]}")
        for name, value in options.items():
            accepts, expected = _CHECKS[name]
            if not accepts(value):
                raise InvalidInput(f"{name} must be {expected}, not {value!r:.100}")

    @classmethod
    def configure(cls, spec: TensorSpec, options: Mapping[str, Any]) -> Self:
        """Check ``length`` against the tensor of token ids, and fill in its default."""
        if len(spec.shape) != 2 or spec.numpy.kind not in "iuf":
            raise InvalidInput(f"input '{spec.name}' is {spec}: token ids need numbers [batch, tokens]")
        size, length = spec.shape[1], options.get("length")
        if size is not None and length not in (None, size):
            raise InvalidInput(f"input '{spec.name}' is {spec}: length must be {size}, not {length}")
        if size is not None and options.get("padding") == "longest":
            raise InvalidInput(f"input '{spec.name}' is {spec}: its texts cannot be padded to the longest one")
        length = size or length
        if not length:
            raise InvalidInput(f"input '{spec.name}' is {spec}: it needs a length, the most tokens of a row")
        return cls(options["tokenizer"], length, options.get("max_bytes", MAX_BYTES))

    @classmethod
    def files(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        """See :class:`InputKind`."""
        return (options["tokenizer"],)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """See :class:`InputKind`."""
        return cls(str(record["tokenizer"]), int(record["length"]), int(record["max_bytes"]))

    def to_json(self) -> dict[str, Any]:
        """See :class:`InputKind`."""
        return {"tokenizer": self.tokenizer, "length": self.length, "max_bytes": self.max_bytes}

    def decode(self, value: Any, spec: TensorSpec, *, nested: Nested = to_array) -> Array:
        """Return a text or a list of texts as an array, checked by :func:`check_texts`."""
        array = super().decode(value, spec, nested=nested)
        check_texts(array, spec.name, self.max_bytes)
        return array

    def decode_body(self, body: bytes, spec: TensorSpec) -> Array:
        """Return a body as one text; a byte-order mark at its beginning is removed."""
        array = np.empty(1, dtype=np.object_)
        array[0] = body.removeprefix(b"\xef\xbb\xbf")
        check_texts(array, spec.name, self.max_bytes)
        return array

    def column_features(self, spec: TensorSpec) -> tuple[Feature, ...] | None:
        """See :class:`InputKind`: a text is not a column."""
        return None

    def field(self, spec: TensorSpec) -> FormField:
        """See :class:`InputKind`: the most tokens that the model reads."""
        from lightship.inputs.form import FormField

        return FormField("text", None, {"tokens": self.length})

    def element(self, spec: TensorSpec) -> Schema:
        """See :class:`InputKind`: JSON Schema counts characters, of at least a byte each."""
        from lightship.tensors.schemas import BASE64, any_of

        return any_of({"type": "string", "maxLength": self.max_bytes, "description": "a text"}, BASE64)

    def sample(self, sampler: Sampler, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return texts of one to eight words; some are unusual, empty, or too long."""
        count = math.prod(shape)
        words = sampler.values(spec, (count, _WORDS))
        texts = [b" ".join(row[: 1 + index % _WORDS]) for index, row in enumerate(words.tolist())]
        every = b" ".join(words.ravel().tolist()) + b" "
        long = every * (1 + self.length // max(1, every.count(b" ")))
        for index, text in zip(range(1, count), (*map(str.encode, _UNUSUAL), long, b"x" * 500), strict=False):
            texts[index] = text
        array = np.empty(count, dtype=np.object_)
        array[:] = [_cut(text, self.max_bytes) for text in texts]
        return array.reshape(shape)


def _cut(text: bytes, size: int) -> bytes:
    """Return a text of at most ``size`` bytes, whole characters only."""
    return text if len(text) <= size else text[:size].decode(errors="ignore").encode()


def _is_file(value: Any) -> bool:
    return isinstance(value, str) and PurePosixPath(value).suffix.lower() in FILES


def _is_count(most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and 1 <= value <= most


def _is_token(value: Any) -> bool:
    return value is None or isinstance(value, str) or (type(value) is int and 0 <= value < 2**31)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


_ADDED = "a token, its id, or null for none"
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "tokenizer": (_is_file, "the file vocab.txt, tokenizer.json or NAME.model of a tokenizer"),
    "length": (_is_count(_LONGEST), f"a number of tokens from 1 to {_LONGEST:,}"),
    "padding": (lambda value: value in ("length", "longest"), "length or longest"),
    "truncation": (lambda value: value in ("end", "start"), "end or start"),
    "lower": (lambda value: isinstance(value, bool), "true or false"),
    "begin": (_is_token, _ADDED),
    "end": (_is_token, _ADDED),
    "pad": (lambda value: value is not None and _is_token(value), "a token or its id"),
    "attention_mask": (_is_name, "the name of an input of the model"),
    "token_type_ids": (_is_name, "the name of an input of the model"),
    "name": (_is_name, "a name for the input of texts"),
    "max_bytes": (_is_count(_LARGEST), f"a number of bytes from 1 to {_LARGEST:,}"),
}

KIND = Text
