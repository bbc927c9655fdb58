from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from lightship.errors import InvalidInput
from lightship.formats import parquet
from lightship.formats.base import Header, Row, Span
from lightship.formats.parquet import Column

pyarrow = pytest.importorskip("pyarrow")
from pyarrow import parquet as arrow_parquet  # noqa: E402


def file_of(columns: dict[str, Any], *, rows_per_group: int = 10, **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    arrow_parquet.write_table(pyarrow.table(columns), file, row_group_size=rows_per_group, **options)
    return file


def table_of(data: bytes) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = arrow_parquet.read_table(io.BytesIO(data)).to_pydict()
    return found


def rows_of(file: Any, span: Span) -> list[Row]:
    found, damage = parquet.table(file, span)
    return [*parquet.rows_of(found, first=span.first), *parquet.error_rows(span, found, damage)]


COLUMNS = {"x": list(range(35)), "y": [f"row {i}" if i % 3 else None for i in range(35)]}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (1, [Span(0, 1, 1, 10), Span(1, 2, 11, 10), Span(2, 3, 21, 10), Span(3, 4, 31, 5)]),
        (700, [Span(0, 2, 1, 20), Span(2, 4, 21, 15)]),
        (10**9, [Span(0, 4, 1, 35)]),
    ],
)
def test_plan_spans_are_runs_of_row_groups(target: int, expected: list[Span]) -> None:
    file = file_of(COLUMNS)
    header, spans = parquet.plan(file, target=target)
    assert header == Header(("x", "y"))
    assert spans == expected
    rows = [row for span in spans for row in rows_of(file, span)]
    assert rows == [Row(i + 1, {"x": i, "y": COLUMNS["y"][i]}) for i in range(35)]


def test_plan_reads_footer_only() -> None:
    file = file_of({"x": np.random.default_rng(0).random(100_000)}, rows_per_group=10_000)
    taken = 0

    class Counting(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal taken
            found = super().read(size)
            taken += len(found)
            return found

    counting = Counting(file.getvalue())
    _, spans = parquet.plan(counting, target=200_000)
    assert taken < 100_000
    assert sum(row.cells["x"] for row in rows_of(counting, spans[1])) > 0  # type: ignore[call-overload]
    assert taken < 500_000


def test_plan_duplicate_column_is_refused() -> None:
    file = io.BytesIO()
    arrow_parquet.write_table(pyarrow.Table.from_arrays([pyarrow.array([1])] * 2, names=["a", "a"]), file)
    with pytest.raises(InvalidInput, match="'a'"):
        parquet.plan(file, target=1)


@pytest.mark.parametrize("data", [b"", b"1,2\n", b"PAR1" + b"\0" * 40 + b"PAR1", b"PAR1\xff\xff\xff\x7fPAR1"])
def test_plan_malformed_file_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="Parquet"):
        parquet.plan(io.BytesIO(data), target=1)


def test_plan_oversized_row_group_is_refused() -> None:
    bomb = file_of(dict.fromkeys("abcdefgh", np.zeros(2**23 + 1, np.bool_)), rows_per_group=2**24)
    assert len(bomb.getvalue()) < 1_000_000
    with pytest.raises(InvalidInput, match="row group 0 .*512 MiB.* 200 MiB"):
        parquet.plan(bomb, target=10**6)


def test_table_rows_larger_than_declared_are_refused() -> None:
    bomb = file_of({"x": ["y" * 10_000] * 30_000}, rows_per_group=30_000)
    assert len(bomb.getvalue()) < 100_000
    _, (span,) = parquet.plan(bomb, target=10**6)
    with pytest.raises(InvalidInput, match="rows from 1 .*250 MiB"):
        parquet.table(bomb, span)


def repeated(value: Any, times: int) -> Any:
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(times, np.int32)), pyarrow.array(value))


LONG = "x" * 200 * 1024
REPEATED = repeated([LONG], 4096)
OFFSETS = pyarrow.array(range(4097), pyarrow.int32())


# Functions, because some of the columns are large.
@pytest.mark.parametrize(
    ("column", "options"),
    [
        (lambda: REPEATED, {}),
        (lambda: REPEATED, {"store_schema": False}),
        (lambda: pyarrow.ListArray.from_arrays(OFFSETS, REPEATED), {"store_schema": False}),
        (lambda: pyarrow.LargeListArray.from_arrays(OFFSETS.cast("int64"), REPEATED), {"store_schema": False}),
        (lambda: pyarrow.StructArray.from_arrays([REPEATED], ["s"]), {"store_schema": False}),
        (lambda: pyarrow.MapArray.from_arrays(OFFSETS, REPEATED, REPEATED), {"store_schema": False}),
        (lambda: pyarrow.array([LONG] * 4096), {"use_dictionary": False, "column_encoding": "DELTA_BYTE_ARRAY"}),
    ],
)
def test_table_repeated_text_is_refused_within_memory_limit(column: Callable[[], Any], options: Any) -> None:
    bomb = file_of({"s": column()}, rows_per_group=4096, compression="zstd", **options)
    assert len(bomb.getvalue()) < 400_000
    _, (span,) = parquet.plan(bomb, target=10**6)
    default = pyarrow.default_memory_pool()
    watched = pyarrow.proxy_memory_pool(default)
    pyarrow.set_memory_pool(watched)
    try:
        with pytest.raises(InvalidInput, match="250 MiB"):
            parquet.table(bomb, span)
    finally:
        pyarrow.set_memory_pool(default)
    assert watched.max_memory() < 400 * 2**20


@pytest.mark.parametrize(
    "column",
    [
        lambda: pyarrow.ListArray.from_arrays([0, 2**25], np.zeros(2**25, np.int64)),
        lambda: repeated(pyarrow.array([b"0" * 10**6], pyarrow.binary(10**6)), 250),
    ],
)
def test_plan_counts_values_of_lists_and_fixed_length(column: Callable[[], Any]) -> None:
    bomb = file_of({"v": column()}, rows_per_group=250, store_schema=False)
    assert len(bomb.getvalue()) < 10**6
    with pytest.raises(InvalidInput, match="row group 0 .*2.. MiB.* 200 MiB"):
        parquet.plan(bomb, target=10**6)


def test_table_of_every_encoding_equals_pyarrow() -> None:
    texts = ["a", None, "é", "a"]
    nested = pyarrow.array([["a", None], None, [], ["b"]])
    table = pyarrow.table(
        {
            "text": texts,
            "large": pyarrow.array(texts, pyarrow.large_string()),
            "view": pyarrow.array(texts, pyarrow.string_view()),
            "bytes": pyarrow.array([b"\xff", b"", None, b"\xff"]),
            "words": pyarrow.array(texts).dictionary_encode(),
            "list": nested,
            "large_list": nested.cast(pyarrow.large_list(pyarrow.string())),
            "pair": pyarrow.array([["a", "b"], None, ["a", "a"], ["c", None]], pyarrow.list_(pyarrow.string(), 2)),
            "struct": pyarrow.array([{"a": "x", "b": 1}, None, {"a": None, "b": 2}, {"a": "x", "b": 3}]),
            "map": pyarrow.array(
                [[("k", "v")], None, [], [("k", None)]], pyarrow.map_(pyarrow.string(), pyarrow.string())
            ),
            "number": [1.5, None, 2.5, 3.5],
        }
    )
    for options in ({}, {"use_dictionary": False}, {"use_dictionary": ["text"]}, {"data_page_version": "2.0"}):
        file = io.BytesIO()
        arrow_parquet.write_table(table, file, row_group_size=3, **options)
        _, (span,) = parquet.plan(file, target=10**9)
        assert parquet.table(file, span) == (arrow_parquet.read_table(file), None)


def test_plan_column_names_over_64_kib_are_refused() -> None:
    columns = {f"feature_with_quite_a_long_name_{index:05}": [1.0] for index in range(2000)}
    with pytest.raises(InvalidInput, match="64 KiB"):
        parquet.plan(file_of(columns), target=1)


def test_table_damaged_row_group_returns_error_per_row() -> None:
    file = file_of({"x": np.random.default_rng(0).random(30).round(1)}, compression="zstd", use_dictionary=False)
    offset = arrow_parquet.ParquetFile(file).metadata.row_group(1).column(0).data_page_offset
    data = bytearray(file.getvalue())
    data[offset : offset + 60] = b"\xff" * 60
    _, (span,) = parquet.plan(io.BytesIO(data), target=10**9)
    rows = list(rows_of(io.BytesIO(data), span))
    assert [row.number for row in rows] == list(range(1, 31))
    assert rows[15].error
    table, damage = parquet.table(io.BytesIO(data), span)
    assert damage
    assert parquet.error_rows(span, table, damage) == [row for row in rows if row.error]
    assert table.to_pylist() == [row.cells for row in rows if not row.error]


def test_table_network_error_is_raised() -> None:
    whole = file_of(COLUMNS).getvalue()

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() < 100:
                raise ConnectionResetError(104, "connection reset")
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        parquet.table(Broken(whole), Span(0, 1, 1, 10))


def test_rows_of_unreadable_value_has_error() -> None:
    text = pyarrow.array([b"a", b"\xff", b"c"], pyarrow.binary()).view(pyarrow.string())
    _, (span,) = parquet.plan(file := file_of({"t": text}), target=1)
    first, second, third = rows_of(file, span)
    assert (first, third) == (Row(1, {"t": "a"}), Row(3, {"t": "c"}))
    assert second.error
    assert list(parquet.rows_of(parquet.table(file, span)[0], first=1)) == [first, second, third]


def test_to_bytes_keeps_types_and_is_deterministic() -> None:
    file = file_of({"x": pyarrow.array([1, 2], pyarrow.int8()), "y": ["a", "b"]})
    table, damage = parquet.table(file, Span(0, 1, 1, 2))
    data = parquet.to_bytes(table)
    schema = arrow_parquet.read_schema(io.BytesIO(data))
    assert damage is None
    assert [(field.name, str(field.type)) for field in schema] == [("x", "int8"), ("y", "string")]
    assert data == parquet.to_bytes(table)


COLUMNS_OF_ALL = [
    Column("f", np.array([0.5, np.nan], np.float32), "float32"),
    Column("h", np.array([0.5, 1], np.float16), "float16"),
    Column("i", [2**62, None], "int64"),
    Column("b", [True, False], "bool"),
    Column("l", [[1.5, 2], []], "float64", 1),
    Column("n", [[["a"], []], [["b"]]], "string", 2),
    Column("t", ["a", {"b": [1, None]}]),
]


def test_build_schema_is_independent_of_values() -> None:
    full = parquet.build(COLUMNS_OF_ALL)
    empty = parquet.build([dataclasses.replace(column, values=[]) for column in COLUMNS_OF_ALL])
    nothing = parquet.build([dataclasses.replace(column, values=[None]) for column in COLUMNS_OF_ALL])
    schema, *others = (arrow_parquet.read_schema(io.BytesIO(data)) for data in (full, empty, nothing))
    assert others == [schema, schema]
    assert [str(kind) for kind in schema.types[:4]] == ["float", "halffloat", "int64", "bool"]
    assert table_of(full)["t"] == ["a", '{"b": [1, null]}']
    assert table_of(full)["n"] == [[["a"], []], [["b"]]]


def test_without_decimals_converts_to_numbers() -> None:
    kinds = {"a": (9, 0), "b": (30, 2), "c": (18, 0), "d": (19, 0), "e": (4, 3)}
    columns = {
        n: pyarrow.array([Decimal(1), None, Decimal(-2)], pyarrow.decimal128(*kind)) for n, kind in kinds.items()
    }
    found = parquet.without_decimals(pyarrow.table(columns | {"x": ["a", "b", "c"]}))
    assert [str(kind) for kind in found.schema.types] == ["int64", "double", "int64", "int64", "double", "string"]
    assert found["e"].to_pylist() == [1.0, None, -2.0]


def test_build_without_rows_is_valid() -> None:
    data = parquet.build([Column("a", [])])
    assert table_of(data) == {"a": []}
    assert parquet.plan(io.BytesIO(data), target=1) == (Header(("a",)), [])
    assert parquet.preamble(["a"]) == b""


def test_plan_without_pyarrow_names_extra() -> None:
    code = """
import io, sys
sys.modules["pyarrow"] = None
from lightship.errors import MissingExtra
from lightship.formats import parquet
try:
    parquet.plan(io.BytesIO(b"PAR1"), target=1)
except MissingExtra as error:
    print(error.code, "lightship[events]" in error.message)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], check=False, env={"PYTHONPATH": "src"}, capture_output=True, text=True
    )
    assert run.stdout == "unavailable True\n", run.stderr
