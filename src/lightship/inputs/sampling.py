"""Made-up values of tensors, to compare models on: the same ones each time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lightship.tensors import Array, TensorSpec

_WORDS = (b"the", b"quick brown fox", b"", b"Lightship", "größer".encode(), b"42")


@dataclass(frozen=True)
class Sampler:
    """What values are drawn from.

    Attributes:
        rng: the source of all randomness.
        size: of a dimension that is not known.
        bound: integers are from 0 to ``bound - 1``, both ends included.
        hinted: values of an input about which something is known; None for all others.
    """

    rng: np.random.Generator
    size: int
    bound: int
    hinted: Callable[[np.random.Generator, TensorSpec, tuple[int, ...]], Array | None] = lambda rng, spec, shape: None

    def values(self, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return values by what is known of the input, else by its dtype."""
        hinted = self.hinted(self.rng, spec, shape)
        return self.by_dtype(spec, shape) if hinted is None else hinted

    def by_dtype(self, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return words, truth values, integers, or floats of the standard normal distribution."""
        kind = spec.numpy.kind
        if kind == "O":
            words = np.empty(math.prod(shape), dtype=np.object_)
            words[:] = list(itertools.islice(itertools.cycle(_WORDS), len(words)))
            return words.reshape(shape)
        if kind == "b":
            return np.asarray(self.rng.integers(0, 2, size=shape), dtype=np.bool_)
        if kind in "iu":
            return self.integers(shape, most=int(np.iinfo(spec.numpy).max)).astype(spec.numpy)
        return self.rng.standard_normal(shape).astype(spec.numpy)

    def integers(self, shape: tuple[int, ...], *, most: int) -> Array:
        """Return integers below the bound, and up to ``most``."""
        bound = min(self.bound, most + 1)
        array = self.rng.integers(0, bound, size=shape)
        array.flat[:1] = bound - 1  # a bound that is too large must fail now, not by chance
        return array
