"""Mutations of a .tflite file, reproducible by seed, mostly outside weights."""

from __future__ import annotations

import random
import struct

import numpy as np

from lightship.compiler.sources.tflite.verifier.flatbuffer import read

_WORDS = (0, 1, 2, 3, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0x40000000)


class Mutator:
    """Source of mutants of one file; ``mutant(n)`` depends only on file, seed and n."""

    def __init__(self, data: bytes, seed: int) -> None:
        self._data = data
        self._seed = seed
        self._offsets = _outside_weights(data)

    def mutant(self, number: int) -> bytes:
        """Return the file with one to four changes."""
        rng = random.Random(f"{self._seed}/{number}")
        data = bytearray(self._data)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            self._change(data, rng)
        return bytes(data)

    def _change(self, data: bytearray, rng: random.Random) -> None:
        change = rng.choice((_flip, _set_byte, _set_byte, _set_word, _set_word, _nudge_word, _copy, _swap, _truncate))
        if not data:
            return
        focussed = rng.random() < 0.8
        offset = int(rng.choice(self._offsets)) if focussed else rng.randrange(len(data))
        change(data, min(offset, len(data) - 1), rng)


def _outside_weights(data: bytes) -> list[int]:
    """Return the offsets of all bytes that do not belong to a buffer's data."""
    inside = np.zeros(len(data), np.bool_)
    base = np.frombuffer(data, np.uint8).__array_interface__["data"][0]
    for buffer in read(data, "Model").tables("buffers"):
        values = buffer.numbers("data")
        if len(values):
            start = values.__array_interface__["data"][0] - base
            inside[start : start + len(values)] = True
    offsets: list[int] = np.flatnonzero(~inside).tolist()
    return offsets


def _flip(data: bytearray, offset: int, rng: random.Random) -> None:
    data[offset] ^= 1 << rng.randrange(8)


def _set_byte(data: bytearray, offset: int, rng: random.Random) -> None:
    data[offset] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _set_word(data: bytearray, offset: int, rng: random.Random) -> None:
    offset -= offset % 4
    if offset + 4 <= len(data):
        struct.pack_into("<I", data, offset, rng.choice(_WORDS))


def _nudge_word(data: bytearray, offset: int, rng: random.Random) -> None:
    offset -= offset % 4
    if offset + 4 <= len(data):
        (value,) = struct.unpack_from("<I", data, offset)
        struct.pack_into("<I", data, offset, (value + rng.choice((-8, -4, -1, 1, 4, 8, 64))) & 0xFFFFFFFF)


def _copy(data: bytearray, offset: int, rng: random.Random) -> None:
    length, source = rng.choice((4, 8, 32, 64)), rng.randrange(len(data)) // 4 * 4
    block = data[source : source + length]
    data[offset : offset + len(block)] = block


def _swap(data: bytearray, offset: int, rng: random.Random) -> None:
    other = rng.randrange(len(data)) // 4 * 4
    offset -= offset % 4
    if max(offset, other) + 4 <= len(data):
        data[offset : offset + 4], data[other : other + 4] = data[other : other + 4], data[offset : offset + 4]


def _truncate(data: bytearray, offset: int, rng: random.Random) -> None:
    if rng.random() < 0.2:
        del data[offset:]
