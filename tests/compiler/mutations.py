"""Mutations of a .tflite file: reproducible from a seed and a number, mostly outside its weights."""

from __future__ import annotations

import random
import struct

import numpy as np

from lightship.compiler.sources.tflite.verifier.flatbuffer import read

_WORDS = (0, 1, 2, 3, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0x40000000)


class Mutator:
    """Makes mutants of one file; ``mutant(n)`` is the same bytes every time for one seed."""

    def __init__(self, data: bytes, seed: int) -> None:
        self._data = data
        self._seed = seed
        self._places = _outside_weights(data)

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
        place = int(rng.choice(self._places)) if focussed else rng.randrange(len(data))
        change(data, min(place, len(data) - 1), rng)


def _outside_weights(data: bytes) -> list[int]:
    """Return the places of all bytes that do not belong to a buffer's data."""
    inside = np.zeros(len(data), np.bool_)
    base = np.frombuffer(data, np.uint8).__array_interface__["data"][0]
    for buffer in read(data, "Model").tables("buffers"):
        values = buffer.numbers("data")
        if len(values):
            start = values.__array_interface__["data"][0] - base
            inside[start : start + len(values)] = True
    places: list[int] = np.flatnonzero(~inside).tolist()
    return places


def _flip(data: bytearray, place: int, rng: random.Random) -> None:
    data[place] ^= 1 << rng.randrange(8)


def _set_byte(data: bytearray, place: int, rng: random.Random) -> None:
    data[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _set_word(data: bytearray, place: int, rng: random.Random) -> None:
    place -= place % 4
    if place + 4 <= len(data):
        struct.pack_into("<I", data, place, rng.choice(_WORDS))


def _nudge_word(data: bytearray, place: int, rng: random.Random) -> None:
    place -= place % 4
    if place + 4 <= len(data):
        (value,) = struct.unpack_from("<I", data, place)
        struct.pack_into("<I", data, place, (value + rng.choice((-8, -4, -1, 1, 4, 8, 64))) & 0xFFFFFFFF)


def _copy(data: bytearray, place: int, rng: random.Random) -> None:
    length, source = rng.choice((4, 8, 32, 64)), rng.randrange(len(data)) // 4 * 4
    block = data[source : source + length]
    data[place : place + len(block)] = block


def _swap(data: bytearray, place: int, rng: random.Random) -> None:
    other = rng.randrange(len(data)) // 4 * 4
    place -= place % 4
    if max(place, other) + 4 <= len(data):
        data[place : place + 4], data[other : other + 4] = data[other : other + 4], data[place : place + 4]


def _truncate(data: bytearray, place: int, rng: random.Random) -> None:
    if rng.random() < 0.2:
        del data[place:]
