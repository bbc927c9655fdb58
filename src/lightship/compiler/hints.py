"""Hints about the values of an input, so that samples are realistic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lightship.tensors import Array, TensorSpec

MOST_WORDS = 1000
_WORDS_PER_TEXT = 4
_UNKNOWN_SHARE = 0.1


@dataclass(frozen=True)
class Hint:
    """Distribution of the values of one input.

    Attributes:
        words: entries of a vocabulary: strings as bytes, or integers.
        sentences: whether a value may be several words, separated by spaces.
        below: exclusive upper bound of non-negative integers.
        center, spread: mean and standard deviation of floats; arrays that broadcast to a row.
        rows: values [rows, …], taken as they are and in their order, again from the first after the last.
    """

    words: tuple[Any, ...] = ()
    sentences: bool = False
    below: int | None = None
    center: Any = field(default=0.0)
    spread: Any = field(default=1.0)
    rows: Array | None = field(default=None, compare=False)

    def values(self, rng: np.random.Generator, spec: TensorSpec, shape: tuple[int, ...], *, unknown: bool) -> Array:
        """Return random values; with ``unknown``, a tenth are outside the vocabulary."""
        if self.rows is not None:
            return self.rows[np.arange(shape[0]) % len(self.rows)]
        if self.words:
            return self._drawn(rng, spec, shape, unknown=unknown)
        if self.below is not None:
            return rng.integers(0, max(1, self.below), size=shape).astype(spec.numpy)
        return np.asarray(rng.standard_normal(shape) * self.spread + self.center, dtype=spec.numpy)

    def _drawn(self, rng: np.random.Generator, spec: TensorSpec, shape: tuple[int, ...], *, unknown: bool) -> Array:
        count = math.prod(shape)
        chosen = [self.words[pick] for pick in rng.integers(0, len(self.words), size=count)]
        if self.sentences:
            chosen = [b" ".join([word, *self._others(rng)]) for word in chosen]
        if unknown:
            for index in np.flatnonzero(rng.random(count) < _UNKNOWN_SHARE):
                chosen[index] = b"lightship" if spec.dtype == "string" else np.iinfo(spec.numpy).max
        array = np.empty(count, dtype=spec.numpy)
        array[:] = chosen
        return array.reshape(shape)

    def _others(self, rng: np.random.Generator) -> list[Any]:
        return [self.words[pick] for pick in rng.integers(0, len(self.words), size=rng.integers(0, _WORDS_PER_TEXT))]


def vocabulary(words: Iterable[Any], *, sentences: bool = False) -> Hint:
    """Return the hint of up to MOST_WORDS words, as bytes or Python integers."""
    plain = [word.encode() if isinstance(word, str) else word for word in words]
    if len(plain) > MOST_WORDS:
        plain = plain[:: math.ceil(len(plain) / MOST_WORDS)]
    return Hint(words=tuple(bytes(w) if isinstance(w, bytes) else int(w) for w in plain), sentences=sentences)


def usable(hints: Mapping[str, Hint], inputs: Iterable[TensorSpec]) -> dict[str, Hint]:
    """Return the hints that fit the dtypes and shapes of the inputs."""
    specs = {spec.name: spec for spec in inputs}
    return {name: hint for name, hint in hints.items() if name in specs and _fits(hint, specs[name])}


def _fits(hint: Hint, spec: TensorSpec) -> bool:
    kind = spec.numpy.kind
    if hint.rows is not None:
        return spec.batched and hint.rows.dtype == spec.numpy and hint.rows.shape[1:] == spec.row_shape
    if hint.words:
        if isinstance(hint.words[0], bytes):
            return kind == "O"
        limits = np.iinfo(spec.numpy) if kind in "iu" else None
        return limits is not None and limits.min <= min(hint.words) and max(hint.words) <= limits.max
    if hint.below is not None:
        return kind in "iuf"
    row = tuple(size or 1 for size in spec.row_shape)
    try:
        broadcast = np.broadcast_shapes(np.shape(hint.center), np.shape(hint.spread), row)
    except ValueError:
        return False
    return kind == "f" and len(broadcast) <= len(spec.shape)
