from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest

from lightship import numerals
from lightship.formats import csv_arrays, csv_files, lines


def by_rows(data: bytes, columns: list[int], width: int, dtype: str) -> list[list[float]] | None:
    """Return the columns by the row reader, as the reference."""
    parse = numerals.real if np.dtype(dtype).kind == "f" else numerals.integer
    rows = list(csv_files.read(data, None, first=1, one_column=width == 1))
    if any(row.error or len(row.cells) != width for row in rows):
        return None
    try:
        table = [[parse(list(row.cells)[index]) for index in columns] for row in rows]
    except ValueError:
        return None
    if np.dtype(dtype).kind != "f" and any(
        not np.iinfo(dtype).min <= cell <= np.iinfo(dtype).max for row in table for cell in row
    ):
        return None
    return [np.array(row, dtype).tolist() for row in table]


CELLS = (
    *("1", "-2", "0.1", "1e-7", "1E5", "16777217", "9007199254740993", "3.4028236e38", "2147483648", "-129", "007"),
    *(
        " 4",
        "5\t",
        "",
        "x",
        "NA",
        "nan",
        "-inf",
        "Infinity",
        "1_0",
        "0x10",
        "+3",
        ".5",
        "5.",
        "nan(1)",
        "true",
        "\u0661",
    ),
    *("1e5_0", "_1", "\uff11", "\u00a01", "\u20031", "\x0b1", "1\x0c", "0X10", "0b1", "1e", ".", "+-1", "1'000"),
    *("INF", "infinit", "-NaN", "nan()", "1.e5", "1E+05", "1e-400", "- 1", "+.5"),
    *('"6"', '"7', '8"', '"a\nb"', '"a""b"', "1;2", "1e400", "\x00", "1 2", "0xg", "1d0", "99999999999999999999"),
)


# Cells that are numbers, but the array reader declines.
DECLINED = {"f": ("\x0b1", "1\x0c"), "i": ("\x0b1", "1\x0c", "+3"), "u": ("\x0b1", "1\x0c", "+3")}


def table_of(chance: random.Random, cells: Sequence[str], width: int, end: str) -> bytes:
    rows = [",".join(chance.choices(cells, k=width)) for _ in range(chance.randrange(1, 6))]
    rows += ["1"] * (chance.random() < 0.1)
    return (chance.choice(("", "\ufeff")) + end.join(rows) + chance.choice(("", end))).encode()


def check(data: bytes, columns: list[int], width: int, dtype: str) -> None:
    found = csv_arrays.numbers(data, columns, width=width, first=1, dtype=dtype)
    expected = by_rows(data, columns, width, dtype)
    np.testing.assert_equal(found if found is None else found.tolist(), expected)
    assert found is None or found.dtype == dtype


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int32", "int64", "uint8"])
@pytest.mark.parametrize("seed", range(60))
def test_numbers_of_random_tables_equal_row_reader(seed: int, dtype: str) -> None:
    chance = random.Random(seed)
    width = chance.randrange(1, 4)
    columns = chance.sample(range(width), chance.randrange(1, width + 1))
    cells = [cell for cell in CELLS if cell not in DECLINED[np.dtype(dtype).kind]]
    few = chance.choice((1, 2, 6, len(cells)))
    data = table_of(chance, cells[:few], width, chance.choice(("\n", "\r\n", "\n\n")))
    check(data, columns, width, dtype)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dtype", ["float64", "int32"])
def test_numbers_of_each_cell_equal_row_reader(cell: str, dtype: str) -> None:
    data = f"1,{cell}\n2,3\n".encode()
    if cell in DECLINED[np.dtype(dtype).kind]:
        assert csv_arrays.numbers(data, [1], width=2, first=1, dtype=dtype) is None
    else:
        check(data, [1], 2, dtype)


@pytest.mark.parametrize("data", [b"1\r2\r", b"\xef\xbb\xbf\xef\xbb\xbf1\n"], ids=["old Mac line ends", "two marks"])
def test_numbers_of_ambiguous_data_are_declined(data: bytes) -> None:
    assert csv_arrays.numbers(data, [0], width=1, first=1) is None


def test_numbers_beside_text_columns_are_read() -> None:
    data = b'1,"a, ""b""\nc",0.5\r\n\r\n2,\xc3\xa9,-inf\r\n'
    found = csv_arrays.numbers(data, [2, 0], width=3, first=5, dtype="float32")
    assert found is not None
    assert found.tolist() == [[0.5, 1], [-np.inf, 2]]


def test_numbers_byte_order_mark_before_row_1_is_removed() -> None:
    data = lines.BYTE_ORDER_MARK + b"2.5\n"
    assert csv_arrays.numbers(data, [0], width=1, first=1) is not None
    assert csv_arrays.numbers(data, [0], width=1, first=2) is None
    assert csv_arrays.numbers(lines.BYTE_ORDER_MARK + data, [0], width=1, first=1) is None


@pytest.mark.parametrize("data", [b"1,2\n3\n", b"1,2\n3,4,5\n", b"1,\xff\n", b'"1"x,2\n', b"", b"a,b\n", b"1,2\n3,\n"])
def test_numbers_of_bad_rows_are_declined(data: bytes) -> None:
    found = csv_arrays.numbers(data, [0, 1], width=2, first=1)
    assert found is None or (data == b"" and found.shape == (0, 2))


def test_numbers_of_boolean_dtype_are_declined() -> None:
    assert csv_arrays.numbers(b"1\n", [0], width=1, first=1, dtype=np.bool_) is None


def test_numbers_without_pyarrow_are_equal() -> None:
    code = """
import sys
sys.modules["pyarrow"] = None
from lightship.formats import csv_arrays
print(csv_arrays.numbers(b'1,"x\\n",0.1\\n\\n2,y,1e3\\n', [2, 0], width=3, first=1).tolist())
print(csv_arrays.numbers(b"1,x\\n", [0, 1], width=2, first=1))
print(csv_arrays.numbers(b"300\\n", [0], width=1, first=1, dtype="int8"))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], check=False, env={"PYTHONPATH": "src"}, capture_output=True, text=True
    )
    assert run.stdout.splitlines() == ["[[0.1, 1.0], [1000.0, 2.0]]", "None", "None"], run.stderr


def test_append_keeps_rows_unchanged() -> None:
    texts = csv_files.texts(b'1,"a\nb"\r\n2,c\n', first=1)
    added = [
        np.array([0.1, np.nan], np.float32),
        np.array([3, -4]),
        ["x,y", 'say "z"'],
        [[1], [2, 3]],
        np.array([1, 0]) > 0,
    ]
    assert csv_arrays.append(texts, added) == b'1,"a\nb",0.1,3,"x,y",[1],true\n2,c,nan,-4,"say ""z""","[2,3]",false\n'
    assert csv_arrays.append([], [np.array([])]) == b""


def test_append_column_of_other_length_raises() -> None:
    with pytest.raises(ValueError, match="zip"):
        csv_arrays.append([b"1", b"2"], [np.array([1.0])])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_cells_of_floats_parse_to_equal_numbers(dtype: str) -> None:
    bits = np.random.default_rng(7).integers(0, 2**16, 4000, np.uint16).view(np.float16)
    with np.errstate(invalid="ignore"):
        values = (bits.astype(dtype) * np.array(1.1, dtype)) if dtype != "float16" else bits
    found = np.array([float(cell) for cell in csv_arrays.cells(values)]).astype(dtype)
    np.testing.assert_array_equal(found, values)


def test_cells_safe_escapes_formulas() -> None:
    assert csv_arrays.cells(["=a", "-1"], safe=True) == [b"'=a", b"-1"]
    assert csv_arrays.append([b"1"], [["=a"], np.array([-1])], safe=True) == b"1,'=a,-1\n"
