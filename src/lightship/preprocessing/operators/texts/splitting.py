"""Operators that split strings into tokens and join neighbouring tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import Any

import numpy as np

from lightship.preprocessing.operators.base import Operation, Operator, plain
from lightship.preprocessing.operators.sizes import affordable, check_splits
from lightship.preprocessing.operators.texts.strings import fill
from lightship.tensors import Array


def split(texts: Array, separator: Array, *, most: int = -1) -> tuple[Array, Array, Array]:
    """Return the tokens of a vector of strings as a sparse matrix.

    An empty separator splits at ASCII whitespace and yields no empty token. ``most`` limits the splits; -1 does not.
    After ``most`` tokens between whitespace follows the rest, even an empty one, as in TensorFlow. Returns int64
    positions (tokens, 2), the tokens, and the matrix's int64 shape.
    """
    between = bytes(separator.item()) or None
    rows = [text.split(between, most) for text in texts.tolist()]
    if between is None and most > 0:
        rows = [[*row, b""] if len(row) == most else row for row in rows]
    counts = np.fromiter(map(len, rows), np.int64, len(rows))
    tokens = np.fromiter(chain.from_iterable(rows), np.object_, counts.sum())
    positions = np.empty((len(tokens), 2), np.int64)
    positions[:, 0] = np.repeat(np.arange(len(rows)), counts)
    positions[:, 1] = np.arange(len(tokens)) - np.repeat(np.cumsum(counts) - counts, counts)
    return positions, tokens, np.array([len(rows), counts.max(initial=0)], np.int64)


@dataclass(frozen=True)
class NGrams:
    """Options of n-grams.

    Attributes:
        widths: the numbers of tokens.
        separator: the text between tokens.
        padding: the text before a row, the text after it, and how many of each; a negative number is the width less
            one.
        keep_short: whether a row shorter than every width is one n-gram.
    """

    widths: Sequence[int]
    separator: str
    padding: tuple[str, str, int] = ("", "", 0)
    keep_short: bool = False

    def of(self, tokens: Array, splits: Array) -> tuple[Array, Array]:
        """Return the n-grams of each row of tokens, width after width, and their splits.

        ``splits`` are the positions of the rows in ``tokens``.
        """
        check_splits(splits, len(tokens))
        affordable([len(tokens) + 2 * self._pads(max(self.widths)) * (len(splits) - 1), sum(self.widths)])
        words = tokens.tolist()
        found: list[bytes] = []
        ends = [0]
        for start, end in pairwise(splits.tolist()):
            found += self._of_row(words[start:end])
            ends.append(len(found))
        return fill(found), np.array(ends, splits.dtype)

    def _of_row(self, row: list[bytes]) -> list[bytes]:
        join = self._between.join
        made = [
            join(padded[start : start + width])
            for width, before, after in self._padding
            for padded in [[*before, *row, *after]]
            for start in range(len(padded) - width + 1)
        ]
        if self.keep_short and not made and row:
            _, before, after = max(self._padding)
            return [join([*before, *row, *after])]
        return made

    @cached_property
    def _between(self) -> bytes:
        return _encoded(self.separator)

    @cached_property
    def _padding(self) -> list[tuple[int, list[bytes], list[bytes]]]:
        """Return the widths, and the tokens before and after a row for each."""
        before, after = map(_encoded, self.padding[:2])
        counts = [(width, self._pads(width)) for width in self.widths]
        return [(width, [before] * count, [after] * count) for width, count in counts]

    def _pads(self, width: int) -> int:
        return width - 1 if self.padding[2] < 0 else min(self.padding[2], width - 1)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def ngrams(options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Build the operation from tokens and splits to those of :class:`NGrams`."""
    return NGrams(**options).of


OPERATORS: dict[str, Operator] = {"split": plain(split), "ngrams": ngrams}
