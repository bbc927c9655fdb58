"""SipHash-2-4: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF"."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from struct import Struct

import numpy as np

from lightship.preprocessing.fingerprints.words import MASK, Word, hashes
from lightship.tensors import Array

_word = Struct("<Q").unpack_from

Key = tuple[int, int]


def siphash(text: bytes, key: Key) -> int:
    """Return the SipHash-2-4 of bytes under a key of two unsigned 64-bit integers."""
    whole = len(text) & ~7
    last = int.from_bytes(text[whole:], "little") | (len(text) & 0xFF) << 56
    words: list[int] = [_word(text, start)[0] for start in range(0, whole, 8)]
    return _hashed([*words, last], key)


def siphashes(texts: Sequence[bytes], key: Key) -> Array:
    """Return the SipHash-2-4 of each text, as uint64."""
    return hashes(texts, partial(siphash, key=key), _counts, partial(_of_count, key=key))


def _counts(lengths: Array) -> Array:
    """Return how many words texts of these lengths take."""
    return lengths // 8 + 1


def _of_count(texts: Sequence[bytes], key: Key) -> Array:
    """Return the hashes of texts of one number of words, as uint64."""
    count = len(texts[0]) // 8 + 1
    words: Array = np.array(texts, f"S{8 * count}").view("<u8").reshape(-1, count).T.astype(np.uint64, order="C")
    words[-1] |= np.array([(len(text) & 0xFF) << 56 for text in texts], np.uint64)
    return _hashed(list(words), key)


def _hashed(words: Sequence[Word], key: Key) -> Word:
    zero, (low, high) = words[0] & 0, key
    a, b = zero + (low ^ 0x736F6D6570736575), zero + (high ^ 0x646F72616E646F6D)
    c, d = zero + (low ^ 0x6C7967656E657261), zero + (high ^ 0x7465646279746573)
    for word in words:
        a, b, c, d = _round(*_round(a, b, c, d ^ word))
        a = a ^ word
    c = c ^ 0xFF
    for _ in range(4):
        a, b, c, d = _round(a, b, c, d)
    return a ^ b ^ c ^ d


def _round(a: Word, b: Word, c: Word, d: Word) -> tuple[Word, Word, Word, Word]:
    a = (a + b) & MASK
    b = _rotate(b, 13) ^ a
    a = _rotate(a, 32)
    c = (c + d) & MASK
    d = _rotate(d, 16) ^ c
    a = (a + d) & MASK
    d = _rotate(d, 21) ^ a
    c = (c + b) & MASK
    b = _rotate(b, 17) ^ c
    return a, b, _rotate(c, 32), d


def _rotate(value: Word, bits: int) -> Word:
    """Return 64 bits, rotated to the left."""
    return (value << bits | value >> 64 - bits) & MASK
