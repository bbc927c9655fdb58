"""CSV in memory: reading stops at the first wrong row."""

from __future__ import annotations

import time

import pytest

from lightship.errors import InvalidInput
from lightship.formats import csv


def test_read_takes_header_and_rows() -> None:
    table = csv.read(b"\xef\xbb\xbfa,b\r\n1,2\n\n3,4", names=("a", "b"))
    assert (table.header, table.rows) == (("a", "b"), [["1", "2"], ["3", "4"]])


@pytest.mark.parametrize("data", [b"," * 10_000_000, b"," * 10_000_000 + b"\n1,2\n"])
def test_first_line_of_millions_of_columns_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        csv.read(data, names=("a", "b"))


def test_read_file_with_extra_columns_returns_all() -> None:
    names = [f"c{number}" for number in range(9_000)]
    assert len(csv.read(",".join(names).encode() + b"\n" + b"1," * 8_999 + b"1", names=names[:2]).rows[0]) == 9_000


@pytest.mark.parametrize("wrong", [b"a,a,b\n", b"1,2\n1\n"])
def test_read_stops_at_first_wrong_row(wrong: bytes) -> None:
    """Compare with the time for reading all rows."""
    rows = b"1,2,3\n" * 1_000_000
    begun = time.process_time()
    csv.read(rows, names=("x", "y", "z"))
    whole = time.process_time() - begun
    begun = time.process_time()
    with pytest.raises(InvalidInput):
        csv.read(wrong + rows, names=("x", "y", "z"))
    assert time.process_time() - begun < whole / 4
