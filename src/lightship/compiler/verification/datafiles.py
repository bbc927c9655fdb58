"""Real inputs for the comparison (``--data``): .csv, .npy or .npz, no pickles.

The file is read in the sandboxed child process only. Of an array, only the rows that are used are read, and the size
that its header declares is compared with a limit before memory is allocated for it.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from lightship.errors import CompileError, InvalidInput
from lightship.formats import csv, csv_files, workbooks
from lightship.inputs import kind_of, tables
from lightship.tensors import Array, Signature, TensorSpec, validate

SUFFIXES = (".csv", ".npy", ".npz")
MOST_ROWS = 256
MOST_CSV_BYTES = 16 * 1024**2
MOST_ARRAY_BYTES = (
    1024**3
)  # of the used rows; of the whole array if it is in Fortran order or an input without a batch dimension

Tensors = dict[str, Array]


def check_file(path: Path) -> None:
    """Raise CompileError where a file is missing or has an unsupported suffix."""
    if path.suffix.lower() in workbooks.SUFFIXES:
        raise CompileError(f"{path.name} is a workbook of a spreadsheet program: {workbooks.HINT}")
    if path.suffix not in SUFFIXES:
        raise CompileError(f"{path.name}: not a data file, expected a name that ends in {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise CompileError(f"cannot read {path}: no such file")


def read_data(path: Path, signature: Signature, *, target: str | None = None, rows: int = MOST_ROWS) -> Tensors:
    """Return the first rows, by default up to 256, for each input of a signature.

    ``target`` is a column of a CSV file that is no input. Raises CompileError.
    """
    check_file(path)
    try:
        if path.suffix == ".csv":
            tensors = _read_csv(path, signature, target, rows)
        else:
            tensors = {".npy": _read_npy, ".npz": _read_npz}[path.suffix](path, signature, rows)
        validate(tensors, signature.inputs)
        for spec in signature.inputs:
            kind_of(spec).check_values(tensors[spec.name], spec)
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror or error}") from None
    except InvalidInput as error:
        raise CompileError(f"{path.name}: {error.message}") from None
    return tensors


def read_targets(path: Path, target: str, *, rows: int = MOST_ROWS) -> list[Any]:
    """Return the cells of a target; raises CompileError.

    It is a column of a CSV file, or an array of an .npz file.
    """
    check_file(path)
    if path.suffix == ".npy":
        raise CompileError(f"{path.name} has no target '{target}': give an .npz or .csv file with inputs and targets")
    try:
        return _column(path, target, rows) if path.suffix == ".csv" else _array(path, target, rows)
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror or error}") from None
    except InvalidInput as error:
        raise CompileError(f"{path.name}: {error.message}") from None


def _column(path: Path, target: str, rows: int) -> list[Any]:
    table, index = _table_with(path, target)
    return [row[index] for row in table.rows[:rows]]


def _array(path: Path, target: str, rows: int) -> list[Any]:
    with _plain_arrays(path, "savez"), zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        if target not in names:
            raise CompileError(f"{path.name} has no array '{target}': its arrays are {', '.join(names[:20])}")
        with archive.open(f"{target}.npy") as file:
            array = _read_rows(path, file, target, rows)
    if array.ndim != 1 and array.shape[1:] != (1,):
        raise CompileError(
            f"{path.name}: the target '{target}' has the shape {list(array.shape)}, expected one for each row"
        )
    cells: list[Any] = array.reshape(-1).tolist()
    return cells


def _table_with(path: Path, target: str) -> tuple[csv.Table, int]:
    """Return a CSV file and the index of its target column."""
    _check_csv_size(path)
    table = csv.read(path.read_bytes(), has_header=True, names=(target,))
    header = table.header or ()
    if target not in header:
        raise CompileError(f"{path.name} has no column '{target}': its columns are {', '.join(header[:20])}")
    return table, header.index(target)


def _read_npy(path: Path, signature: Signature, rows: int) -> Tensors:
    spec = _only_input(path, signature)
    with _plain_arrays(path, "save"), path.open("rb") as file:
        return {spec.name: _cast(_read_array(path, file, spec, rows), spec)}


def _read_npz(path: Path, signature: Signature, rows: int) -> Tensors:
    with _plain_arrays(path, "savez"), zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        missing = [spec.name for spec in signature.inputs if spec.name not in names]
        if missing:
            raise CompileError(f"{path.name} has no array '{missing[0]}': its arrays are {', '.join(names[:20])}")
        tensors = {}
        for spec in signature.inputs:
            with archive.open(f"{spec.name}.npy") as file:
                tensors[spec.name] = _cast(_read_array(path, file, spec, rows), spec)
        return tensors


def _read_array(path: Path, file: IO[bytes], spec: TensorSpec, rows: int) -> Array:
    """Return the first rows of an input's array.

    Returns all of an input without a batch dimension.
    """
    return _read_rows(path, file, spec.name, rows if spec.batched else None)


def _read_rows(path: Path, file: IO[bytes], name: str, most: int | None) -> Array:
    """Return the first rows of an array; all where ``most`` is None.

    Raises CompileError where they are too large, ValueError where the file holds no plain array.
    """
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, fortran, dtype = readers[np.lib.format.read_magic(file)](file)
    if dtype.hasobject or any(size < 0 for size in shape):
        raise ValueError("not numbers or strings")
    rows = min(shape[0], most) if most is not None and shape else None
    part = shape if rows is None or fortran else (rows, *shape[1:])
    size = math.prod(part) * dtype.itemsize
    if size > MOST_ARRAY_BYTES:
        raise CompileError(
            f"{path.name}: the array for '{name}' needs {size} bytes of memory, and the limit is "
            f"{MOST_ARRAY_BYTES}: give fewer rows ({MOST_ROWS if most is None else most} are used)"
        )
    data = file.read(size)
    array: Array = np.frombuffer(data, dtype, math.prod(part)).reshape(part, order="F" if fortran else "C")
    return array[:rows]


@contextmanager
def _plain_arrays(path: Path, writer: str) -> Iterator[None]:
    """Replace numpy's errors, which suggest to allow pickles, by CompileError."""
    try:
        yield
    except (CompileError, InvalidInput, OSError):
        raise
    except Exception:  # numpy and zipfile raise many types for broken files
        raise CompileError(
            f"{path.name} cannot be read as plain arrays: write it with numpy.{writer} (objects are never unpickled)"
        ) from None


def _check_csv_size(path: Path) -> None:
    if (size := path.stat().st_size) > MOST_CSV_BYTES:
        raise CompileError(
            f"{path.name} has {size} bytes, and the limit is {MOST_CSV_BYTES}: give fewer rows ({MOST_ROWS} are used)"
        )


def _read_csv(path: Path, signature: Signature, target: str | None, rows: int) -> Tensors:
    """Return the columns of a CSV file, parsed like a request body.

    Columns are matched by the header's names where the inputs have column names, else by position.
    """
    _check_csv_size(path)
    if not tables.readable(signature):
        raise CompileError(f"{path.name}: inputs of this shape cannot be given as columns: give an .npz file")
    body = path.read_bytes() if target is None else _without(path, target)
    return {name: array[:rows] for name, array in tables.from_csv(body, signature, {}).items()}


def _without(path: Path, target: str) -> bytes:
    """Return a CSV file without its target column."""
    table, index = _table_with(path, target)
    rows = [row[:index] + row[index + 1 :] for row in ([*(table.header or ())], *table.rows)]
    return b"\n".join(csv_files.records(rows)) + b"\n"


def _cast(rows: Array, spec: TensorSpec) -> Array:
    """Convert numbers and strings to the spec's dtype; leave other arrays unchanged.

    Validation refuses those.
    """
    if rows.dtype.kind == "U" and spec.dtype == "string":
        return np.char.encode(rows, "utf-8").astype(np.object_)
    if rows.dtype.kind == "S" and spec.dtype == "string":
        return rows.astype(np.object_)
    if rows.dtype.kind in "iu" and spec.numpy.kind in "iu" and not _in_range(rows, spec):
        limits = np.iinfo(spec.numpy)
        raise InvalidInput(f"input '{spec.name}' holds an integer outside {spec.dtype} ({limits.min}..{limits.max})")
    same = rows.dtype.kind == spec.numpy.kind or (spec.numpy.kind == "f" and rows.dtype.kind in "iu")
    return np.ascontiguousarray(rows, dtype=spec.numpy) if same else rows


def _in_range(rows: Array, spec: TensorSpec) -> bool:
    limits = np.iinfo(spec.numpy)
    return not rows.size or (int(rows.min()) >= limits.min and int(rows.max()) <= limits.max)


def _only_input(path: Path, signature: Signature) -> TensorSpec:
    if len(signature.inputs) != 1:
        names = ", ".join(spec.name for spec in signature.inputs)
        raise CompileError(f"{path.name}: the model has the inputs {names}: give an .npz file with an array for each")
    return signature.inputs[0]
