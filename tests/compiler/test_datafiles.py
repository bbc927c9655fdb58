from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lightship.compiler.verification.datafiles import MOST_ROWS, read_data
from lightship.errors import CompileError
from lightship.tensors import Signature, TensorSpec
from tests.inputs.tabular.customers import CSV, CUSTOMERS, NUMBERS

Y = (TensorSpec("y", "float32", (None, 1)),)
PLAIN = Signature("serving_default", (TensorSpec("x", "float32", (None, 2)),), Y)
NAMED = Signature(
    "serving_default", (TensorSpec("x", "float32", (None, 2), {"type": "tabular", "columns": ["b", "a"]}),), Y
)
CUBE = Signature("serving_default", (TensorSpec("x", "float32", (None, 2, 2)),), Y)
PAIR = Signature("serving_default", (TensorSpec("n", "int32", (None, 1)), TensorSpec("s", "string", (None,))), Y)


def archive(member: bytes) -> bytes:
    """Return an .npz file with the given bytes as array x."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("x.npy", member)
    return file.getvalue()


BIG = (
    b"\x93NUMPY\1\0\x60\0"
    + b"{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000000, 2), }".ljust(95)
    + b"\n"
)


def test_read_data_csv_is_read_by_order_or_column_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n\n3,4\n")
    np.testing.assert_array_equal(read_data(path, PLAIN)["x"], np.float32([[1, 2], [3, 4]]))
    path.write_text("a,target,b\n1,9,2\n")
    np.testing.assert_array_equal(read_data(path, NAMED)["x"], np.float32([[2, 1]]))


def test_read_data_csv_of_typed_table_is_read_by_types(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(CSV.encode())
    found = read_data(path, Signature("serving_default", (CUSTOMERS,), Y))
    assert found["x"].tolist() == [NUMBERS]


def test_read_data_arrays_are_cast_and_limited(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((1000, 2)))
    assert read_data(tmp_path / "x.npy", PLAIN)["x"].shape == (MOST_ROWS, 2)
    np.savez(tmp_path / "pair.npz", n=np.int64([[1], [2]]), s=np.array(["a", "ö"]))
    pair = read_data(tmp_path / "pair.npz", PAIR)
    assert pair["n"].dtype == np.int32
    assert pair["s"].tolist() == [b"a", "ö".encode()]


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("x.txt", b"", ".csv, .jsonl, .ndjson, .parquet, .npy, .npz"),
        ("x.parquet", b"", "x.parquet.*Parquet"),
        ("x.jsonl", b'{"x_0": 1}\n', "x.jsonl.*row 1.*'x_1'"),
        ("x.xlsx", b"", "x.xlsx.*read_excel"),
        ("x.csv", b"a;b\n1;2\n", "x.csv.*sep=';'"),
        ("x.csv", b"", "x.csv.*empty"),
        ("x.csv", b"\xff\xfe", "x.csv.*UTF-8"),
        ("x.csv", b"a,b\n1,two\n", "x.csv.*row 1.*'x_1'.*'two'.*float32"),
        ("x.csv", b"a,b\n1\n", "x.csv.*row 1.* 1 "),
        ("x.csv", b"a,b,c\n1,2,3\n", "x.csv.*columns.* 2 .*got 3"),
        ("x.csv", b"a,b\n1,nan\n", "x.csv.*row 1.*'x_1'.*NaN"),
        ("x.npy", b"no array", "x.npy.*numpy.save "),
        ("x.npy", b"\x93NUMPY\1\0\5\0((((\n", "x.npy.*numpy.save "),
        ("x.npz", b"no archive", "x.npz.*numpy.savez"),
        ("x.npz", b"PK", "x.npz.*numpy.savez"),
        ("x.npz", archive(b"no array"), "x.npz.*numpy.savez"),
        ("x.npz", archive(BIG), "x.npz.*numpy.savez"),
    ],
)
def test_read_data_invalid_content_is_named(tmp_path: Path, name: str, content: bytes, named: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CompileError, match=named) as error:
        read_data(path, PLAIN)
    assert "load" not in error.value.message  # numpy's message suggests to load the file unsafely


def test_read_data_missing_names_or_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,c\n1,2\n")
    with pytest.raises(CompileError, match="x.csv.*'b'"):
        read_data(tmp_path / "x.csv", NAMED)
    np.savez(tmp_path / "pair.npz", n=np.int64([[1]]))
    with pytest.raises(CompileError, match="pair.npz.*'s'"):
        read_data(tmp_path / "pair.npz", PAIR)
    (tmp_path / "pair.csv").write_text("s,n\nword,7\n")
    assert read_data(tmp_path / "pair.csv", PAIR)["n"].tolist() == [[7]]
    with pytest.raises(CompileError, match=".npz"):
        read_data(tmp_path / "x.csv", CUBE)
    with pytest.raises(CompileError, match="nowhere.csv"):
        read_data(tmp_path / "nowhere.csv", PLAIN)


def test_read_data_pickled_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(CompileError, match="x.npy.*unpickled"):
        read_data(tmp_path / "x.npy", PLAIN)


def declared(shape: str, descr: str = "<f4", *, fortran: bool = False) -> bytes:
    """Return the header of a .npy file that declares an array, without its data."""
    text = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    return b"\x93NUMPY\1\0" + (127).to_bytes(2, "little") + text.ljust(126).encode() + b"\n"


@pytest.mark.parametrize("shape", ["(200, 100000000)", "(1, 1000000000000)"])
def test_read_data_array_over_limit_takes_no_memory(tmp_path: Path, shape: str) -> None:
    (tmp_path / "x.npy").write_bytes(declared(shape))
    (tmp_path / "x.npz").write_bytes(archive(declared(shape)))
    for name in ("x.npy", "x.npz"):
        tracemalloc.start()
        with pytest.raises(CompileError, match="'x'.*memory"):
            read_data(tmp_path / name, PLAIN)
        assert tracemalloc.get_traced_memory()[1] < 1024**2
        tracemalloc.stop()


def test_read_data_compressed_zeros_are_read_only_up_to_row_limit(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as made, made.open("x.npy", "w") as file:
        file.write(declared("(25000000, 2)"))
        for _ in range(200):
            file.write(bytes(1_000_000))
    tracemalloc.start()
    assert read_data(tmp_path / "x.npz", PLAIN)["x"].shape == (MOST_ROWS, 2)
    assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [
        declared("(-1, 2)"),
        declared("(4, 2)"),
        declared("(4, 2)", "|O"),
        declared("(4, 2)", "<U0"),
        declared("(4, 2.5)"),
    ],
    ids=["negative", "short", "objects", "empty texts", "fraction"],
)
def test_read_data_header_not_matching_data_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(CompileError):
        read_data(tmp_path / "x.npy", PLAIN)


def test_read_data_array_in_fortran_order_keeps_rows(tmp_path: Path) -> None:
    rows = np.arange(1200, dtype=np.float32).reshape(600, 2)
    np.save(tmp_path / "x.npy", np.asfortranarray(rows))
    np.testing.assert_array_equal(read_data(tmp_path / "x.npy", PLAIN)["x"], rows[:MOST_ROWS])


def test_read_data_only_used_rows_are_read(tmp_path: Path) -> None:
    rows = "1,2\n" * MOST_ROWS
    (tmp_path / "x.csv").write_text(f"a,b\n{rows}one,two\n")
    assert read_data(tmp_path / "x.csv", PLAIN)["x"].shape == (MOST_ROWS, 2)


def test_read_data_target_is_no_input(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,class,b\n1,9,2\n")
    assert read_data(tmp_path / "x.csv", PLAIN, target="class")["x"].tolist() == [[1, 2]]
    (tmp_path / "x.jsonl").write_text('{"x_0": 1, "class": "a", "x_1": 2}\n')
    assert read_data(tmp_path / "x.jsonl", PLAIN)["x"].tolist() == [[1, 2]]


@pytest.mark.parametrize("wrong", [2**31, -(2**31) - 1])
def test_read_data_integer_outside_dtype_range_is_refused(tmp_path: Path, wrong: int) -> None:
    np.savez(tmp_path / "pair.npz", n=np.int64([[1], [wrong]]), s=np.array(["a", "b"]))
    with pytest.raises(CompileError, match="'n'"):
        read_data(tmp_path / "pair.npz", PAIR)


def test_read_data_csv_leaves_out_target(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('a,kind,b\n1,"big, blue",2\n3,small,4\n')
    np.testing.assert_array_equal(read_data(path, PLAIN, target="kind")["x"], np.float32([[1, 2], [3, 4]]))


def test_read_data_with_rows_reads_so_many(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.ones((1000, 2)))
    assert len(read_data(tmp_path / "x.npz", PLAIN, rows=900)["x"]) == 900


def test_read_data_missing_target_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CompileError, match=r"rows\.csv.*'kind'.*a, b"):
        read_data(tmp_path / "rows.csv", PLAIN, target="kind")


def test_read_data_skip_bad_leaves_out_rows(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\none,2\n5,6\n7,eight\n9,10\n")
    with pytest.raises(CompileError, match=r"x\.csv, row 2.*--skip-bad"):
        read_data(tmp_path / "x.csv", PLAIN)
    assert read_data(tmp_path / "x.csv", PLAIN, skip_bad=True)["x"].tolist() == [[1, 2], [5, 6], [9, 10]]
    assert read_data(tmp_path / "x.csv", PLAIN, skip_bad=True, rows=2)["x"].tolist() == [[1, 2], [5, 6]]
    np.savez(tmp_path / "pair.npz", n=np.int64([[1], [2**31], [3]]), s=np.array(["a", "b", "c"]))
    assert read_data(tmp_path / "pair.npz", PAIR, skip_bad=True)["n"].tolist() == [[1], [3]]


def test_read_data_without_good_row_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\none,2\n")
    with pytest.raises(CompileError, match=r"x\.csv"):
        read_data(tmp_path / "x.csv", PLAIN, skip_bad=True)
