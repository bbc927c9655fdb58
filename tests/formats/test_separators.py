"""CSV with another separator than the comma."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from lightship.errors import InvalidInput
from lightship.formats.csv import check_separator


def refused(line: str, names: Collection[str]) -> bool:
    try:
        check_separator(line, lambda: names)
    except InvalidInput as error:
        assert "read_csv" in error.message
        return True
    return False


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("age;city\n", ("age", "city")),
        ("city;age;more\r\n", ("age", "city")),
        ("1;2\n", ("age", "city")),
        ("1\t2\n", ("age", "city")),
        ("1,5;2,5;3,5\n", ("a", "b", "c")),
        ("id;text\n", ("text",)),
        ('id;"text"\n', ("text",)),
    ],
)
def test_separator_other_than_comma_is_refused_with_conversion(line: str, names: Collection[str]) -> None:
    assert refused(line, names)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("age,city\n", ("age", "city")),
        ("age,city;town\n", ("age", "city")),
        ("a film; a good one\n", ("text",)),
        ("text,comment;more\n", ("text",)),
        ("1;2;3\n", ("age", "city")),
        ("", ("age", "city")),
    ],
)
def test_separator_in_cells_is_accepted(line: str, names: Collection[str]) -> None:
    assert not refused(line, names)
