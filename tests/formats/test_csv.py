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


@pytest.mark.parametrize("wrong", [b"x,x,b\n", b"1,2\n1\n"])
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


@pytest.mark.parametrize(
    ("data", "has_header", "rows"),
    [
        (b"a\n\nb\n", False, [["a"], [""], ["b"]]),
        (b"\n\na\n\n\n", False, [[""], [""], ["a"]]),
        (b"x\n\na\r\n\r\nb\r\n\r\n", True, [[""], ["a"], [""], ["b"]]),
        (b"\n\nx\na\n", True, [["a"]]),
        (b'a\n""\n', False, [["a"], [""]]),
        (b"1\n\n2", None, [["1"], [""], ["2"]]),
        (b"\n1,2\n\n3,4\n\n", None, [["1", "2"], ["3", "4"]]),
    ],
)
def test_read_empty_line_is_row_of_one_column_only(data: bytes, has_header: bool | None, rows: list[list[str]]) -> None:
    assert csv.read(data, has_header=has_header, names=("x",)).rows == rows


@pytest.mark.parametrize("data", [b"", b"\n\r\n\n", b"\xef\xbb\xbf\n"])
def test_read_without_rows_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        csv.read(data, names=("x",))


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("a,b,,", ("a", "b", "", "_2")),
        ("a,z,b,z,z", ("a", "z", "b", "z_2", "z_3")),
        ("z,z,z_2,a,b", ("z", "z_3", "z_2", "a", "b")),
        ("b_1,a,b_1,b", ("b_1", "a", "b_1_2", "b")),
    ],
)
def test_read_numbers_ignored_columns_of_one_name(header: str, columns: tuple[str, ...]) -> None:
    table = csv.read(f"{header}\n{',' * (len(columns) - 1)}\n".encode(), names=("a", "b"))
    assert table.header == columns


def test_read_column_of_model_twice_is_refused_with_name() -> None:
    with pytest.raises(InvalidInput, match="'b'"):
        csv.read(b"a,b,z,z,b\n1,2,3,4,5\n", names=("a", "b"))


def test_read_numbers_many_columns_of_one_name_in_linear_time() -> None:
    begun = time.process_time()
    csv.columns(["z"] * 40_000, lambda: ("a",))
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("first", ["NA,na,none,missing", "N/A,-,?,NULL", ",NA,,", "1_000,2_000,3_000,4_000"])
def test_read_first_row_of_words_for_missing_values_is_data(first: str) -> None:
    table = csv.read(f"{first}\n1,2,3,4\n".encode(), names=("x_0", "x_1", "x_2", "x_3"))
    assert (table.header, len(table.rows)) == (None, 2)


def test_read_columns_named_like_missing_values_are_header() -> None:
    assert csv.read(b"missing,none\n1,2\n", names=("none", "missing")).header == ("missing", "none")
