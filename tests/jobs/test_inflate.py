"""Gzip files of any number of members, in blocks of any size."""

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
    """Return the data as a gzip file of members of ``size`` inflated bytes."""
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
    ids=["one", "some", "many", "empty members between", "padded", "empty members around"],
)
def test_inflate_several_members_returns_all_content(file: bytes, size: int) -> None:
    for skip in (0, 6_499, 6_500, 30_000, 30_001):
        assert b"".join(inflate(cut(file, size), skip)) == DATA[skip:]


def test_inflate_returns_blocks_of_bounded_size() -> None:
    tiny = gzip.compress(b"ab", mtime=0) * 1000
    assert [len(block) for block in inflate(cut(tiny))] == [2000]
    large = gzip.compress(b"\0" * 10 * BLOCK + DATA, mtime=0)
    assert all(BLOCK <= len(block) < 2 * BLOCK for block in list(inflate(cut(large)))[:-1])


@pytest.mark.parametrize("file", [NOTHING, gzip.compress(b"1", mtime=0) + NOTHING * 9], ids=["empty", "almost empty"])
def test_inflate_empty_members_are_refused(file: bytes) -> None:
    many = file * (2 * HOLLOW_BYTES // len(file))
    with pytest.raises(InvalidInput, match="gzip"):
        list(inflate(cut(many)))


def test_inflate_ratio_above_limit_is_refused() -> None:
    with pytest.raises(InvalidInput, match="300"):
        list(inflate(cut(gzip.compress(bytes(2 * SUSPICIOUS_BYTES), mtime=0))))


@pytest.mark.parametrize("lost", [1, 8, 20, 1000])
def test_inflate_truncated_file_is_refused(lost: int) -> None:
    with pytest.raises(InvalidInput):
        list(inflate(cut(members(6_500)[:-lost])))
