"""Gzip files of any number of members, cut into blocks anywhere."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator

import pytest

from lightship.errors import InvalidInput
from lightship.jobs.objects import BLOCK, HOLLOW_BYTES, SUSPICIOUS_BYTES, inflate

NOTHING = gzip.compress(b"", mtime=0)
DATA = random.Random(1).randbytes(30_000)


def cut(data: bytes, size: int = BLOCK) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def members(size: int, between: bytes = b"") -> bytes:
    """The data as a file of members that inflate to so many bytes."""
    return between.join(gzip.compress(part, mtime=0) for part in cut(DATA, size))


@pytest.mark.parametrize("size", [3, 1000, BLOCK])
@pytest.mark.parametrize(
    "file",
    [
        members(len(DATA)),
        members(6_500),
        members(50),
        members(6_500, between=NOTHING * 9),
        members(6_500, between=b"\0" * 2000) + b"\0" * 5000,
        NOTHING + members(len(DATA)) + NOTHING,
    ],
    ids=["one", "some", "many", "empty ones between", "padded", "empty ones around"],
)
def test_the_content_is_that_of_all_members(file: bytes, size: int) -> None:
    for skip in (0, 6_499, 6_500, 30_000, 30_001):
        assert b"".join(inflate(cut(file, size), skip)) == DATA[skip:]


def test_blocks_are_neither_tiny_nor_huge() -> None:
    tiny = gzip.compress(b"ab", mtime=0) * 1000
    assert [len(block) for block in inflate(cut(tiny))] == [2000]
    large = gzip.compress(b"\0" * 10 * BLOCK + DATA, mtime=0)
    assert all(BLOCK <= len(block) < 2 * BLOCK for block in list(inflate(cut(large)))[:-1])


@pytest.mark.parametrize("file", [NOTHING, gzip.compress(b"1", mtime=0) + NOTHING * 9], ids=["nothing", "next to it"])
def test_a_file_of_members_of_nothing_is_refused(file: bytes) -> None:
    many = file * (2 * HOLLOW_BYTES // len(file))
    with pytest.raises(InvalidInput, match="gzip"):
        list(inflate(cut(many)))


def test_a_file_that_inflates_beyond_all_reason_is_refused() -> None:
    with pytest.raises(InvalidInput, match="300"):
        list(inflate(cut(gzip.compress(bytes(2 * SUSPICIOUS_BYTES), mtime=0))))


@pytest.mark.parametrize("lost", [1, 8, 20, 1000])
def test_a_file_that_is_cut_off_is_refused(lost: int) -> None:
    with pytest.raises(InvalidInput):
        list(inflate(cut(members(6_500)[:-lost])))
