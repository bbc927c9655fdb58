"""Operators between UTF-8 and code points.

A maximal invalid part of a character counts as one U+FFFD, in Python as in TensorFlow.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lightship.errors import InvalidInput
from lightship.preprocessing.operators.base import Operator, plain
from lightship.preprocessing.operators.sizes import check_splits
from lightship.preprocessing.operators.texts.strings import fill
from lightship.tensors import Array

_LAST = 0x10FFFF
_REPLACEMENT = 0xFFFD


def decode(texts: Array, *, errors: str = "replace") -> tuple[Array, Array]:
    """Return the code points of a vector of strings: int64 splits and int32 values.

    ``errors``: what to do with invalid UTF-8: ``replace``, ``ignore`` or ``strict``, which raises InvalidInput.
    """
    rows = [_decoded(text, errors) for text in texts.tolist()]
    points = np.frombuffer("".join(rows).encode("utf-32-le"), "<i4")
    splits = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=splits[1:])
    return splits, points.astype(np.int32)


def _decoded(text: bytes, errors: str) -> str:
    try:
        return text.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the text is not UTF-8 at byte {error.start}") from None


def encode(points: Array, splits: Array) -> Array:
    """Return strings of code points; those that are not characters become U+FFFD."""
    surrogates = (points >= 0xD800) & (points < 0xE000)
    valid = np.where((points < 0) | (points > _LAST) | surrogates, _REPLACEMENT, points)
    text = valid.astype("<u4").tobytes().decode("utf-32-le")
    check_splits(splits, len(points))
    bounds = pairwise(splits.tolist())
    if text.isascii():
        encoded = text.encode()
        return fill([encoded[start:end] for start, end in bounds])
    return fill([text[start:end].encode() for start, end in bounds])


def transcode(texts: Array, *, errors: str = "replace") -> Array:
    """Return the strings as valid UTF-8; ``errors`` as for :func:`decode`."""
    return fill([_decoded(text, errors).encode() for text in texts.ravel().tolist()]).reshape(texts.shape)


OPERATORS: dict[str, Operator] = {"decode": plain(decode), "encode": plain(encode), "transcode": plain(transcode)}
