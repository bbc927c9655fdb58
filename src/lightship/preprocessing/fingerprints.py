"""Hash functions of bytes that TensorFlow uses, in integers of Python.

FarmHash: Google's farmhash, function Fingerprint64. SipHash-2-4: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast
short-input PRF". All return unsigned 64-bit integers.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

_MASK = 0xFFFFFFFFFFFFFFFF
_K0 = 0xC3A5C85C97CB3127
_K1 = 0xB492B66FBE98F273
_K2 = 0x9AE16A3B2F90404F
_JOIN = 0xC6A4A7935BD1E995

_one = Struct("<Q").unpack_from
_half = Struct("<I").unpack_from
_block = Struct("<8Q").unpack_from

Pair = tuple[int, int]


def farmhash(text: bytes) -> int:
    """Return the FarmHash fingerprint of bytes."""
    length = len(text)
    if length <= 16:
        return _up_to_16(text, length)
    if length <= 32:
        return _up_to_32(text, length)
    return _up_to_64(text, length) if length <= 64 else _longer(text, length)


def join(first: int, second: int) -> int:
    """Return the fingerprint of two fingerprints, as TensorFlow's FingerprintCat64."""
    result = first ^ _JOIN
    result ^= _shift_mix(second * _JOIN & _MASK) * _JOIN & _MASK
    result = result * _JOIN & _MASK
    return _shift_mix(_shift_mix(result) * _JOIN & _MASK)


def siphash(text: bytes, key: Pair) -> int:
    """Return the SipHash-2-4 of bytes under a key of two 64-bit integers."""
    low, high = key
    state = low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D, low ^ 0x6C7967656E657261, high ^ 0x7465646279746573
    whole = len(text) & ~7
    last = int.from_bytes(text[whole:], "little") | (len(text) & 0xFF) << 56
    for start in range(0, whole, 8):
        state = _absorb(state, _one(text, start)[0])
    a, b, c, d = _absorb(state, last)
    c ^= 0xFF
    for _ in range(4):
        a, b, c, d = _round(a, b, c, d)
    return a ^ b ^ c ^ d


def _absorb(state: tuple[int, int, int, int], word: int) -> tuple[int, int, int, int]:
    a, b, c, d = state
    a, b, c, d = _round(*_round(a, b, c, d ^ word))
    return a ^ word, b, c, d


def _round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    a = (a + b) & _MASK
    b = _rotate_left(b, 13) ^ a
    a = _rotate_left(a, 32)
    c = (c + d) & _MASK
    d = _rotate_left(d, 16) ^ c
    a = (a + d) & _MASK
    d = _rotate_left(d, 21) ^ a
    c = (c + b) & _MASK
    b = _rotate_left(b, 17) ^ c
    return a, b, _rotate_left(c, 32), d


def _rotate_left(value: int, bits: int) -> int:
    return (value << bits | value >> 64 - bits) & _MASK


def _rotate(value: int, bits: int) -> int:
    """Return the low 64 bits of a value, rotated to the right."""
    value &= _MASK
    return (value >> bits | value << 64 - bits) & _MASK


def _shift_mix(value: int) -> int:
    return value ^ value >> 47


def _mix(u: int, v: int, factor: int) -> int:
    """Return the hash of the low 64 bits of two integers."""
    a = ((u ^ v) & _MASK) * factor & _MASK
    b = ((v & _MASK) ^ a ^ a >> 47) * factor & _MASK
    return (b ^ b >> 47) * factor & _MASK


def _up_to_16(text: bytes, length: int) -> int:
    factor = _K2 + 2 * length
    if length >= 8:
        a, b = _one(text)[0] + _K2, _one(text, length - 8)[0]
        return _mix(_rotate(b, 37) * factor + a, (_rotate(a, 25) + b) * factor, factor & _MASK)
    if length >= 4:
        return _mix(length + (_half(text)[0] << 3), _half(text, length - 4)[0], factor & _MASK)
    if length:
        y = text[0] + (text[length >> 1] << 8)
        z = length + (text[-1] << 2)
        return _shift_mix((y * _K2 ^ z * _K0) & _MASK) * _K2 & _MASK
    return _K2


def _up_to_32(text: bytes, length: int) -> int:
    factor = _K2 + 2 * length & _MASK
    a, b = _one(text)[0] * _K1, _one(text, 8)[0]
    c, d = _one(text, length - 8)[0] * factor, _one(text, length - 16)[0] * _K2
    return _mix(_rotate(a + b, 43) + _rotate(c, 30) + d, a + _rotate(b + _K2, 18) + c, factor)


def _up_to_64(text: bytes, length: int) -> int:
    factor = _K2 + 2 * length & _MASK
    a, b = _one(text)[0] * _K2, _one(text, 8)[0]
    c, d = _one(text, length - 8)[0] * factor, _one(text, length - 16)[0] * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _mix(y, a + _rotate(b + _K2, 18) + c, factor)
    e, f = _one(text, 16)[0] * factor, _one(text, 24)[0]
    g, h = (y + _one(text, length - 32)[0]) * factor, (z + _one(text, length - 24)[0]) * factor
    return _mix(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, factor)


def _longer(text: bytes, length: int) -> int:
    """Hash blocks of 64 bytes, then the last 64 bytes, which may overlap them."""
    y = 81 * _K1 + 113 & _MASK
    z = _shift_mix(y * _K2 + 113 & _MASK) * _K2 & _MASK
    x = 81 * _K2 + _one(text)[0]
    state = _State(x, y, z, (0, 0), (0, 0))
    for start in range(0, (length - 1) // 64 * 64, 64):
        state = _block_mixed(state, _block(text, start), _K1)
    x, y, z, v, w = state
    factor = _K1 + ((z & 0xFF) << 1)
    w = w[0] + (length - 1 & 63), w[1]
    v = v[0] + w[0], v[1]
    w = w[0] + v[0], w[1]
    x, y, z, v, w = _block_mixed(_State(x, y, z, v, w), _block(text, length - 64), factor, weight=9)
    inner = _mix(v[0], w[0], factor) + _shift_mix(y) * _K0 + z
    return _mix(inner, _mix(v[1], w[1], factor) + x, factor)


class _State(NamedTuple):
    """State between two blocks."""

    x: int
    y: int
    z: int
    v: Pair
    w: Pair


def _block_mixed(state: _State, block: tuple[int, ...], factor: int, *, weight: int = 1) -> _State:
    """Return the state after a block; ``weight`` is 9 for the last one."""
    x, y, z, v, w = state
    x = _rotate(x + y + v[0] + block[1], 37) * factor
    y = _rotate(y + v[1] + block[6], 42) * factor
    x ^= w[1] * weight
    y += v[0] * weight + block[5]
    z = _rotate(z + w[0], 33) * factor
    v = _seeded(block[:4], v[1] * factor, x + w[0])
    w = _seeded(block[4:], z + w[1], y + block[2])
    return _State(z & _MASK, y & _MASK, x & _MASK, v, w)


def _seeded(words: tuple[int, ...], a: int, b: int) -> Pair:
    a += words[0]
    b = _rotate(b + a + words[3], 21)
    c = a
    a += words[1] + words[2]
    b += _rotate(a, 44)
    return a + words[3] & _MASK, b + c & _MASK
