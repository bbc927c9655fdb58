"""Generated tensor values for comparing models; deterministic by seed."""

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
    """Generator of tensor values.

    Attributes:
        rng: the source of all randomness.
        size: size of unknown dimensions.
        bound: integers are from 0 to ``bound - 1`` inclusive.
        hinted: function that returns values of an input with hints; None for other inputs.
    """

    rng: np.random.Generator
    size: int
    bound: int
    hinted: Callable[[np.random.Generator, TensorSpec, tuple[int, ...]], Array | None] = lambda rng, spec, shape: None

    def values(self, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return values by the input's hints, else by its dtype."""
        hinted = self.hinted(self.rng, spec, shape)
        return self.by_dtype(spec, shape) if hinted is None else hinted

    def by_dtype(self, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
        """Return strings, booleans, integers, or standard normal floats."""
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
        """Return integers below the bound and at most ``most``."""
        bound = min(self.bound, most + 1)
        array = self.rng.integers(0, bound, size=shape)
        array.flat[:1] = bound - 1  # the largest one, so that a bound that is too large for the model always fails
        return array
