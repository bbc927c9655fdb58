"""Real inputs for the comparison (``--data``): .csv, .npy or .npz; never a pickle."""

from __future__ import annotations

import csv
import zipfile
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from lightship.errors import CompileError, InvalidInput
from lightship.tensors import Array, Signature, TensorSpec, to_array, validate

MOST_ROWS = 256

Tensors = dict[str, Array]


def read_data(path: Path, signature: Signature) -> Tensors:
    """Up to 256 rows for each input of a signature; raises CompileError that says what the file should hold."""
    readers = {".csv": _read_csv, ".npy": _read_npy, ".npz": _read_npz}
    if path.suffix not in readers:
        raise CompileError(f"{path.name}: data is read from {', '.join(readers)}")
    try:
        tensors = readers[path.suffix](path, signature)
        for spec in signature.inputs:
            validate(tensors[spec.name], spec)
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror or error}") from None
    except InvalidInput as error:
        raise CompileError(f"{path.name}: {error.message}") from None
    return tensors


def _read_npy(path: Path, signature: Signature) -> Tensors:
    spec = _only_input(path, signature)
    try:
        array = np.load(path, allow_pickle=False, mmap_mode="r")
    except (ValueError, EOFError) as error:
        raise CompileError(f"{path.name} is no array without pickles: {error}") from None
    return {spec.name: _cast(array, spec)}


def _read_npz(path: Path, signature: Signature) -> Tensors:
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [spec.name for spec in signature.inputs if spec.name not in archive.files]
            if missing:
                raise CompileError(f"{path.name} has no array '{missing[0]}', it has {', '.join(archive.files)}")
            return {spec.name: _cast(archive[spec.name], spec) for spec in signature.inputs}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CompileError(f"{path.name} holds no arrays without pickles: {error}") from None


def _read_csv(path: Path, signature: Signature) -> Tensors:
    """Columns by name where model.yaml names them, otherwise all columns in order, under a header."""
    spec = _only_input(path, signature)
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            header, *rows = islice(csv.reader(file), MOST_ROWS + 1)
        except (ValueError, UnicodeDecodeError, csv.Error):
            raise CompileError(f"{path.name} is no CSV file with a header") from None
    places = _places(path, header, list((spec.kind or {}).get("columns") or header))
    cells = [_row(path, number, row, places, spec) for number, row in enumerate(rows, start=2) if row]
    return {spec.name: to_array(cells, spec)}


def _places(path: Path, header: list[str], columns: list[str]) -> list[int]:
    names = [name.strip() for name in header]
    if missing := [column for column in columns if column.strip() not in names]:
        raise CompileError(f"{path.name} has no column '{missing[0]}', it has {', '.join(names)}")
    return [names.index(column.strip()) for column in columns]


def _row(path: Path, number: int, row: list[str], places: list[int], spec: TensorSpec) -> list[Any]:
    if len(row) <= max(places):
        raise CompileError(f"{path.name}, line {number}: {len(row)} cells, the header has more")
    return [_cell(path, number, row[place], spec) for place in places]


def _cell(path: Path, number: int, text: str, spec: TensorSpec) -> Any:
    casts: dict[str, Any] = {"f": float, "i": int, "u": int, "b": _truth, "O": str}
    try:
        return casts[spec.numpy.kind](text)
    except ValueError:
        raise CompileError(f"{path.name}, line {number}: {text!r} is no {spec.dtype}") from None


def _truth(text: str) -> bool:
    if text.lower() not in {"0", "1", "true", "false"}:
        raise ValueError(text)
    return text.lower() in {"1", "true"}


def _cast(array: Array, spec: TensorSpec) -> Array:
    """Numbers of another width become the spec's; anything else is left for validation to refuse."""
    rows = array[:MOST_ROWS] if spec.batched and array.ndim else array
    if rows.dtype.kind == "U" and spec.dtype == "string":
        return np.char.encode(rows, "utf-8").astype(np.object_)
    if rows.dtype.kind == "S" and spec.dtype == "string":
        return rows.astype(np.object_)
    same = rows.dtype.kind == spec.numpy.kind or (spec.numpy.kind == "f" and rows.dtype.kind in "iu")
    return np.ascontiguousarray(rows, dtype=spec.numpy) if same else rows


def _only_input(path: Path, signature: Signature) -> TensorSpec:
    if len(signature.inputs) != 1:
        names = ", ".join(spec.name for spec in signature.inputs)
        raise CompileError(f"{path.name}: the inputs are {names}: give an .npz file with an array for each")
    return signature.inputs[0]
