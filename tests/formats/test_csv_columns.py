"""Appending columns to whole spans equals appending them to single rows."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from lightship.formats import csv_arrays, csv_columns, csv_files
from lightship.formats.categories import Categories

NUMBERS = (0.1, -2.5, 1e-7, 3.4028235e38, 0.0, -0.0, np.nan, np.inf, 16777217.0)
TEXTS = ("benign", "malignant", "a,b", 'say "so"', "two\nlines", "", "é", "=1")


def columns(chance: random.Random, count: int, numbers: int) -> list[Any]:
    """Return one column of each kind."""
    return [
        np.array(chance.choices(NUMBERS[:numbers], k=count), np.float32),
        chance.choices(TEXTS, k=count),
        Categories(np.array(chance.choices(range(len(TEXTS)), k=count)), TEXTS),
        np.array(chance.choices(NUMBERS[:4], k=count), np.float32),
        np.array(chance.choices(NUMBERS[:4], k=count), np.float32),
        np.array(chance.choices(NUMBERS[:numbers], k=2 * count), np.float64)[::2],
        np.array(chance.choices((0, -7, 2**53), k=count), np.int64),
        np.array(chance.choices((True, False), k=count)),
    ]


@pytest.mark.parametrize("seed", range(100))
def test_append_equals_append_to_rows_or_declines(seed: int) -> None:
    chance = random.Random(seed)
    cells = ("1", "0.5", "x", " ", "\xe9", "", '"a\nb"')[: chance.choice((3, 6, 7))]
    rows = [",".join(chance.choices(cells, k=chance.randrange(1, 4))) for _ in range(chance.randrange(1, 7))]
    end = chance.choice(("\n", "\n", "\r\n", "\n\n"))
    data = (end.join(rows) + chance.choice(("", end))).encode()
    texts = csv_files.texts(data, first=1)
    added = columns(chance, len(texts), chance.choice((4, len(NUMBERS))))
    blank = not data or data.startswith(b"\n") or b"\n\n" in data
    plain = not blank and b'"' not in data and b"\r" not in data
    appended = csv_columns.append(data, added)
    assert (appended and b"".join(appended)) == (csv_arrays.append(texts, added) if plain else None)


def test_append_to_several_blocks_equals_append_to_rows() -> None:
    data = b"".join(b"%d,x\n" % number for number in range(70_000)).removesuffix(b"\n")
    added = columns(random.Random(1), 70_000, 4)
    added[0][40_000] = np.nan
    appended = csv_columns.append(data, added)
    assert appended is not None
    assert len(appended) > 3
    assert b"".join(appended) == csv_arrays.append(csv_files.texts(data, first=1), added)


@pytest.mark.parametrize(
    ("data", "column"),
    [
        (b"", np.array([])),
        (b"1\n2\n", np.array([1.0])),
        (b"1\n", np.array([1.0, 2.0])),
        (b"\n1\n", np.array([1.0, 2.0])),
        (b"1\n", [[1, 2]]),
        (b"1\n2\n", ["a", None]),
        (b"1\n", np.array([[1.0]])),
        (b"1\n", np.array(["a"], object)),
    ],
)
def test_append_unsupported_data_is_declined(data: bytes, column: Any) -> None:
    assert csv_columns.append(data, [column]) is None


def test_append_without_pyarrow_declines() -> None:
    code = """
import sys
sys.modules["pyarrow"] = None
import numpy as np
from lightship.formats import csv_columns
print(csv_columns.append(b"1\\n", [np.array([1.0])]))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], check=False, env={"PYTHONPATH": "src"}, capture_output=True, text=True
    )
    assert run.stdout == "None\n", run.stderr
