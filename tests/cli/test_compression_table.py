"""Variants of a compression in the terminal."""

from __future__ import annotations

import pytest

from lightship.cli.output import compression
from lightship.compiler.compression.table import Candidate, Compression


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (5, "5 B"),
        (9_999, "9,999 B"),
        (10_000, "10.0 kB"),
        (12_345, "12.3 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (8_255_400, "8,255 kB"),
    ],
)
def test_table_sizes_have_three_digits(count: int, shown: str) -> None:
    made = compression.table(Compression("rule", "fp32", "reason", (Candidate("fp32", bytes=count, within=True),)))
    assert list(made.columns[1].cells) == [shown]
