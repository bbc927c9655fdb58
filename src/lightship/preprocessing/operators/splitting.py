"""Operators that split strings into tokens and join neighbouring tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

import numpy as np

from lightship.preprocessing.operators.base import Operator, plain
from lightship.preprocessing.operators.sizes import affordable, check_splits
from lightship.preprocessing.operators.strings import fill
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


def ngrams(
    tokens: Array,
    splits: Array,
    *,
    widths: Sequence[int],
    separator: str,
    padding: tuple[str, str, int] = ("", "", 0),
    keep_short: bool = False,
) -> tuple[Array, Array]:
    """Return the n-grams of each row of tokens, width after width.

    ``splits`` are the positions of the rows in ``tokens``. ``padding`` is the text before, the text after, and how
    many of each; a negative number is the width less one. ``keep_short``: a row shorter than every width is one n-gram.
    """
    check_splits(splits, len(tokens))
    size = max(widths) - 1 if padding[2] < 0 else min(padding[2], max(widths) - 1)
    affordable([len(tokens) + 2 * size * (len(splits) - 1), sum(widths)])
    words, bounds = tokens.tolist(), splits.tolist()
    between = separator.encode("utf-8", "surrogateescape")
    sides = (padding[0].encode("utf-8", "surrogateescape"), padding[1].encode("utf-8", "surrogateescape"))
    found: list[bytes] = []
    ends = [0]
    for start, end in pairwise(bounds):
        row = words[start:end]
        made = [gram for width in widths for gram in _grams(row, width, sides, padding[2])]
        if keep_short and not made and row:
            made = [_short(row, sides, padding[2], max(widths), between)]
        found.extend(gram if isinstance(gram, bytes) else between.join(gram) for gram in made)
        ends.append(len(found))
    return fill(found), np.array(ends, splits.dtype)


def _grams(row: list[bytes], width: int, sides: tuple[bytes, bytes], pad: int) -> Iterator[list[bytes] | bytes]:
    size = width - 1 if pad < 0 else min(pad, width - 1)
    padded = [sides[0]] * size + row + [sides[1]] * size
    for start in range(len(padded) - width + 1):
        yield padded[start : start + width]


def _short(row: list[bytes], sides: tuple[bytes, bytes], pad: int, width: int, between: bytes) -> bytes:
    size = width - 1 if pad < 0 else min(pad, width - 1)
    return between.join([sides[0]] * size + row + [sides[1]] * size)


OPERATORS: dict[str, Operator] = {"split": plain(split), "ngrams": plain(ngrams)}
