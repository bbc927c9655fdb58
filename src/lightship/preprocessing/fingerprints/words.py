"""Words of 64 bits: integers of Python for one text, vectors of uint64 for many.

The hash functions compute with both. Integers are masked to 64 bits, which changes nothing in vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from lightship.tensors import Array

Word = TypeVar("Word", int, "Array")
MASK = 0xFFFFFFFFFFFFFFFF
MANY = 64  # texts for which vectors take less time than integers


class Texts:
    """Texts in one buffer; ``lengths`` are uint64."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        self.lengths = sizes.astype(np.uint64)
        self._ends = np.cumsum(sizes)
        self._starts = self._ends - sizes
        self._data = b"".join(texts)

    def first(self, count: int, dtype: str = "<u8", *, skip: int = 0) -> list[Array]:
        """Return vectors of the words of all texts behind ``skip`` bytes."""
        return self._words(self._starts + skip, count, dtype)

    def last(self, count: int, dtype: str = "<u8") -> list[Array]:
        """Return vectors of the words at the end of all texts."""
        return self._words(self._ends - count * np.dtype(dtype).itemsize, count, dtype)

    def _words(self, starts: Array, count: int, dtype: str) -> list[Array]:
        size = np.dtype(dtype).itemsize
        everywhere = np.ndarray((len(self._data) - count * size + 1, count), dtype, self._data, strides=(1, size))
        return list(everywhere[starts].T.astype(np.uint64, order="C"))


def hashes(
    texts: Sequence[bytes],
    one: Callable[[bytes], int],
    groups: Callable[[Array], Array],
    many: Callable[[Sequence[bytes]], Array],
) -> Array:
    """Return the hash of each text, as uint64.

    ``one`` hashes a text, ``many`` texts of one group, ``groups`` returns numbers of groups for lengths of texts.
    """
    if len(texts) < MANY:
        return np.fromiter(map(one, texts), np.uint64, len(texts))
    numbers = groups(np.fromiter(map(len, texts), np.int64, len(texts)))
    order = np.argsort(numbers, kind="stable")
    found = np.empty(len(texts), np.uint64)
    for indices in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
        group = [texts[index] for index in indices.tolist()]
        found[indices] = many(group) if len(group) >= MANY else hashes(group, one, groups, many)
    return found
