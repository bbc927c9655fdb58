"""FarmHash: Google's farmhash, function Fingerprint64."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from typing import Generic, NamedTuple

import numpy as np

from lightship.preprocessing.fingerprints.words import MASK, Texts, Word, hashes
from lightship.tensors import Array

_K0 = 0xC3A5C85C97CB3127
_K1 = 0xB492B66FBE98F273
_K2 = 0x9AE16A3B2F90404F
_JOIN = 0xC6A4A7935BD1E995

_unpackers: list[Callable[..., tuple[int, ...]]] = [
    Struct(form).unpack_from for form in ("<I", "<Q", "<2Q", "<4Q", "<8Q")
]
_half, _one, _two, _four, _eight = _unpackers


def farmhash(text: bytes) -> int:
    """Return the FarmHash fingerprint of bytes, an unsigned 64-bit integer."""
    length = len(text)
    if length <= 3:
        return _up_to_3(length, text[0], text[length >> 1], text[-1]) if length else _K2
    if length <= 7:
        return _up_to_7(length, _half(text)[0], _half(text, length - 4)[0])
    if length <= 16:
        return _up_to_16(length, _one(text)[0], _one(text, length - 8)[0])
    if length <= 32:
        return _up_to_32(length, *_two(text), *_two(text, length - 16))
    if length <= 64:
        return _up_to_64(length, *_four(text), *_four(text, length - 32))
    blocks = (_eight(text, start) for start in range(0, length - 1 & ~63, 64))
    return _longer(length, _one(text)[0], blocks, _eight(text, length - 64))


def farmhashes(texts: Sequence[bytes]) -> Array:
    """Return the FarmHash fingerprint of each text, as uint64."""
    return hashes(texts, farmhash, _branches, _of_branch)


def join(first: Word, second: Word) -> Word:
    """Return the hash of two fingerprints, as TensorFlow's FingerprintCat64."""
    result = first ^ _JOIN ^ _shift_mix(second * _JOIN & MASK) * _JOIN & MASK
    return _shift_mix(_shift_mix(result * _JOIN & MASK) * _JOIN & MASK)


def _branches(lengths: Array) -> Array:
    """Return the branch of :func:`farmhash` of each length, and of each block."""
    numbers: Array = np.searchsorted([3, 7, 16, 32, 64], lengths) + np.maximum(lengths - 1, 0) // 64
    return numbers


def _of_branch(texts: Sequence[bytes]) -> Array:
    """Return the fingerprints of texts of one branch, as uint64."""
    length = len(texts[0])
    if length <= 3:
        return np.fromiter(map(farmhash, texts), np.uint64, len(texts))
    many = Texts(texts)
    if length <= 7:
        return _up_to_7(many.lengths, *many.first(1, "<u4"), *many.last(1, "<u4"))
    if length <= 16:
        return _up_to_16(many.lengths, *many.first(1), *many.last(1))
    if length <= 32:
        return _up_to_32(many.lengths, *many.first(2), *many.last(2))
    if length <= 64:
        return _up_to_64(many.lengths, *many.first(4), *many.last(4))
    blocks = (many.first(8, skip=start) for start in range(0, length - 1 & ~63, 64))
    return _longer(many.lengths, many.first(1)[0], blocks, many.last(8))


def _rotate(value: Word, bits: int) -> Word:
    """Return the low 64 bits of a value, rotated to the right."""
    low = value & MASK
    return (low >> bits | low << 64 - bits) & MASK


def _shift_mix(value: Word) -> Word:
    mixed: Word = value ^ value >> 47
    return mixed


def _mix(u: Word, v: Word, factor: Word) -> Word:
    """Return the hash of the low 64 bits of two words."""
    a = ((u ^ v) & MASK) * factor & MASK
    b = ((v & MASK) ^ a ^ a >> 47) * factor & MASK
    return (b ^ b >> 47) * factor & MASK


def _up_to_3(length: int, first: int, middle: int, last: int) -> int:
    y, z = first + (middle << 8), length + (last << 2)
    return _shift_mix((y * _K2 ^ z * _K0) & MASK) * _K2 & MASK


def _up_to_7(length: Word, first: Word, last: Word) -> Word:
    return _mix(length + (first << 3), last, _K2 + 2 * length & MASK)


def _up_to_16(length: Word, first: Word, last: Word) -> Word:
    factor = _K2 + 2 * length & MASK
    a = first + _K2
    return _mix(_rotate(last, 37) * factor + a, (_rotate(a, 25) + last) * factor, factor)


def _up_to_32(length: Word, *words: Word) -> Word:
    factor = _K2 + 2 * length & MASK
    a, b = words[0] * _K1, words[1]
    c, d = words[3] * factor, words[2] * _K2
    return _mix(_rotate(a + b, 43) + _rotate(c, 30) + d, a + _rotate(b + _K2, 18) + c, factor)


def _up_to_64(length: Word, *words: Word) -> Word:
    factor = _K2 + 2 * length & MASK
    a, b = words[0] * _K2, words[1]
    c, d = words[7] * factor, words[6] * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _mix(y, a + _rotate(b + _K2, 18) + c, factor)
    e, f = words[2] * factor, words[3]
    g, h = (y + words[4]) * factor, (z + words[5]) * factor
    return _mix(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, factor)


class _State(NamedTuple, Generic[Word]):
    """State between two blocks."""

    x: Word
    y: Word
    z: Word
    v: tuple[Word, Word]
    w: tuple[Word, Word]


_X = 81 * _K2 & MASK
_Y = 81 * _K1 + 113 & MASK
_Z = _shift_mix(_Y * _K2 + 113 & MASK) * _K2 & MASK


def _longer(length: Word, first: Word, blocks: Iterable[Sequence[Word]], last: Sequence[Word]) -> Word:
    """Hash blocks of 64 bytes, then the last 64 bytes, which may overlap them."""
    zero = first & 0
    state = _State(first + _X, zero + _Y, zero + _Z, (zero, zero), (zero, zero))
    for block in blocks:
        state = _block_mixed(state, block, zero + _K1)
    x, y, z, v, w = state
    factor = _K1 + ((z & 0xFF) << 1)
    w = w[0] + (length - 1 & 63), w[1]
    v = v[0] + w[0], v[1]
    w = w[0] + v[0], w[1]
    x, y, z, v, w = _block_mixed(_State(x, y, z, v, w), last, factor, weight=9)
    inner = _mix(v[0], w[0], factor) + _shift_mix(y) * _K0 + z
    return _mix(inner, _mix(v[1], w[1], factor) + x, factor)


def _block_mixed(state: _State[Word], block: Sequence[Word], factor: Word, *, weight: int = 1) -> _State[Word]:
    """Return the state after a block; ``weight`` is 9 for the last one."""
    x, y, z, v, w = state
    mixed = _rotate(x + y + v[0] + block[1], 37) * factor ^ w[1] * weight
    y = _rotate(y + v[1] + block[6], 42) * factor + v[0] * weight + block[5]
    z = _rotate(z + w[0], 33) * factor & MASK
    v = _seeded(block[:4], v[1] * factor, mixed + w[0])
    w = _seeded(block[4:], z + w[1], y + block[2])
    return _State(z, y & MASK, mixed & MASK, v, w)


def _seeded(words: Sequence[Word], a: Word, b: Word) -> tuple[Word, Word]:
    first = a + words[0]
    third = first + words[1] + words[2]
    mixed = _rotate(b + first + words[3], 21) + _rotate(third, 44)
    return third + words[3] & MASK, mixed + first & MASK
