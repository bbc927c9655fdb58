from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from lightship.errors import InvalidInput
from lightship.inputs.tabular.columns import column_of
from lightship.inputs.tabular.columns.date import FEATURES
from lightship.tensors import TensorSpec

FLOATS, INTEGERS = (TensorSpec("x", dtype, (None, 12)) for dtype in ("float64", "int64"))
DAY = column_of("d", {"type": "date", "features": ["year", "month", "day", "hour"]})


def test_every_feature_of_moment() -> None:
    column = column_of("d", {"type": "date", "features": list(FEATURES)})
    found = dict(zip(FEATURES, column.numbers("2024-12-30T23:59:58.75+00:00", FLOATS), strict=True))
    assert found == {
        "year": 2024,
        "quarter": 4,
        "month": 12,
        "week": 1,
        "day": 30,
        "weekday": 0,
        "day_of_year": 365,
        "hour": 23,
        "minute": 59,
        "second": 58,
        "days": 20087,
        "seconds": 1735603198.75,
    }
    assert column.numbers("1969-12-31T23:59:59.5Z", INTEGERS)[-2:] == [-1, -1]


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("2024-03-01", [2024, 3, 1, 0]),
        ("2024-03-01 05:06", [2024, 3, 1, 5]),
        ("2024-03-01t05:06:07.123456789z", [2024, 3, 1, 5]),
        ("2024-03-01T01:00:00+05:30", [2024, 2, 29, 19]),
        (date(2024, 3, 1), [2024, 3, 1, 0]),
        (datetime(2024, 3, 1, 5), [2024, 3, 1, 5]),
        (datetime(2024, 3, 1, 5, tzinfo=UTC), [2024, 3, 1, 5]),
    ],
    ids=str,
)
def test_numbers_are_of_utc(cell: Any, numbers: list[int]) -> None:
    assert list(DAY.numbers(cell, INTEGERS)) == numbers


@pytest.mark.parametrize(
    "cell",
    [
        "2023-02-29",
        "2024-13-01",
        "2024-01-01T25:00",
        "2024-01-01T10:00:60",
        "0001-01-01T00:00+01:00",
        "0000-01-01",
        "20240101",
        "2024-W01-1",
        "01/02/2024",
        "2024-1-1",
        "2024-01-01x10:00",
        "2024-01-01T10",
        "٢٠٢٤-01-01",
        "today",
        1704067200,
        True,
        None,
    ],
)
def test_numbers_of_other_cell_are_refused(cell: Any) -> None:
    with pytest.raises(InvalidInput):
        DAY.numbers(cell, INTEGERS)
