"""Archives of arrays: those of another writer, which may be hostile, are refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from lightship.tensors.archive import RATIO_FLOOR, read_arrays


def entry(array: Any, *, dtype: Any = np.int64) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(array, dtype))
    return file.getvalue()


def packed(entries: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(f"{name}.npy", data)
    return file.getvalue()


def strings(offsets: Any, shape: Any, *, dtype: Any = np.int64) -> bytes:
    text = entry(list(b"abcdef"), dtype=np.uint8)
    return packed({"w|shape": entry(shape), "w|offsets": entry(offsets, dtype=dtype), "w|bytes": text})


def test_read_arrays_of_strings_returns_shape() -> None:
    assert read_arrays(io.BytesIO(strings([0, 2, 2, 5, 6], [2, 2])))["w"].tolist() == [[b"ab", b""], [b"cde", b"f"]]


@pytest.mark.parametrize(
    "data",
    [
        strings([0, 6, 0, 6], [3]),  # repeats the bytes
        strings([1, 6], [1]),
        strings([0, 5], [1]),
        strings([0, 6], [-1]),
        strings([0, 6], [2]),
        strings([], [0]),
        strings([[0, 6]], [1]),
        strings([0.0, 6.0], [1], dtype=np.float64),
        packed({"w|shape": entry([1])}),
        packed({"t": entry(["a"], dtype="U1000")}),
        packed({"t": b"no array"}),
        packed({"t": entry(np.arange(100))[:300]}),
        packed({"t": b"\x93NUMPY\x01\x00\x10\x00" + b"(" * 15 + b"\n"}),
        strings([0, 6], [1])[:200],
        entry([1, 2]),
        b"",
    ],
)
def test_read_arrays_of_invalid_file_raises_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        read_arrays(io.BytesIO(data))


@pytest.mark.parametrize("method", [99, zipfile.ZIP_DEFLATED])
def test_read_arrays_of_entry_without_decompressor_raises_value_error(method: int) -> None:
    data = bytearray(packed({"t": entry(np.arange(10_000))}))
    if method == zipfile.ZIP_DEFLATED:
        data[60:200] = b"\xff" * 140
    else:
        for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
            data[data.index(signature) + offset] = method
    with pytest.raises(ValueError):
        read_arrays(io.BytesIO(data))


def test_read_arrays_of_entries_beyond_limit_raises_value_error() -> None:
    data = bytearray(packed({"t": entry(np.zeros(10))}))
    size = data.index(b"PK\x01\x02") + 24
    data[size : size + 4] = (RATIO_FLOOR + 1).to_bytes(4, "little")
    with pytest.raises(ValueError, match=str(RATIO_FLOOR + 1)):
        read_arrays(io.BytesIO(data))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_read_arrays_of_stored_or_deflated_entry_returns_array(method: int) -> None:
    assert read_arrays(io.BytesIO(packed({"t": entry([1, 2])}, method)))["t"].tolist() == [1, 2]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_read_arrays_of_bzip2_or_lzma_entry_raises_value_error(method: int) -> None:
    with pytest.raises(ValueError, match="neither stored nor deflated"):
        read_arrays(io.BytesIO(packed({"t": entry([1, 2])}, method)))


def test_read_arrays_of_entry_longer_than_declared_raises_value_error() -> None:
    data = bytearray(packed({"t": entry(np.zeros(1000))}))
    size = data.index(b"PK\x01\x02") + 24
    data[size : size + 4] = len(entry(np.zeros(10))).to_bytes(4, "little")
    with pytest.raises(ValueError):
        read_arrays(io.BytesIO(data))
