"""Decompression of request bodies."""

from __future__ import annotations

import gzip

import pytest

from lightship.dispatch.inflate import inflate
from lightship.errors import InvalidInput

GZIP = {"content-encoding": "gzip"}
MEMBER = gzip.compress(b"[1]", mtime=0)


def test_inflate_several_members_are_joined() -> None:
    assert inflate(MEMBER * 100, GZIP, 10_000) == b"[1]" * 100


@pytest.mark.parametrize(
    ("body", "named"), [(MEMBER * 101, "100 members"), (MEMBER + b"tail", "4 bytes after")], ids=["members", "tail"]
)
def test_inflate_after_last_member_names_fault(body: bytes, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        inflate(body, GZIP, 10_000)
