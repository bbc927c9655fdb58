"""Real inputs for the comparison (``--data``), no pickles.

The file is read in the sandboxed child process only, and of it only the rows that are used. The size that an array's
header declares is compared with a limit before memory is allocated for it.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from lightship import formats
from lightship.errors import CompileError, InvalidInput, UnsupportedMedia
from lightship.evaluation import scoring, targets
from lightship.evaluation.data import Data, named, open_data
from lightship.evaluation.data.arrays import Rows, array_names, cast, plain_arrays
from lightship.formats import workbooks
from lightship.inputs import kind_of, tables
from lightship.inputs.datafiles.rows import Prepared
from lightship.tensors import Array, Signature, TensorSpec, validate

ARRAYS = (".npy", ".npz")
SUFFIXES = (*(suffix for found in formats.FORMATS for suffix in found.SUFFIXES), *ARRAYS)
MOST_ROWS = 256

Tensors = dict[str, Array]


def check_file(path: Path) -> None:
    """Raise CompileError where a file is missing or has an unsupported suffix."""
    if path.is_dir():
        return
    if path.suffix.lower() in workbooks.SUFFIXES:
        raise CompileError(f"{path.name} is a workbook of a spreadsheet program: {workbooks.HINT}")
    if path.suffix not in SUFFIXES:
        raise CompileError(
            f"{path.name}: not a data file, expected a name that ends in {', '.join(SUFFIXES)}, or a folder of images"
        )
    if not path.is_file():
        raise CompileError(f"cannot read {path}: no such file")


def read_data(path: Path, signature: Signature, *, target: str | None = None, rows: int = MOST_ROWS) -> Tensors:
    """Return the first rows, by default up to 256, for each input of a signature.

    ``target`` is a column that is no input. Raises CompileError.
    """
    check_file(path)
    readers = {".npy": _read_npy, ".npz": _read_npz}
    try:
        with named(path):
            if path.suffix not in readers or path.is_dir():
                return _read_rows(path, signature, target, rows)
            tensors = readers[path.suffix](path, signature, rows)
            validate(tensors, signature.inputs)
            for spec in signature.inputs:
                kind_of(spec).check_values(tensors[spec.name], spec)
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror or error}") from None
    except (InvalidInput, UnsupportedMedia) as error:
        raise CompileError(error.message) from None
    return tensors


def read_targets(path: Path, signature: Signature, target: str, *, rows: int = MOST_ROWS) -> list[Any]:
    """Return the first cells of a target column or array; raises CompileError."""
    check_file(path)
    if path.suffix == ".npy":
        raise CompileError(f"{path.name} has no target '{target}': give an .npz file with inputs and targets")
    try:
        data = open_data(path, signature)
        _check_target(path, data, target)
        found: list[Any] = []
        for block in data.blocks([target]):
            found += [cell[0] if isinstance(cell, list) and len(cell) == 1 else cell for cell in block.cells(target)]
            if len(found) >= rows:
                break
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror or error}") from None
    except (InvalidInput, UnsupportedMedia) as error:
        raise CompileError(error.message) from None
    return found[:rows]


def _check_target(path: Path, data: Data, target: str) -> None:
    """Raise CompileError where the data has no such target."""
    if target not in data.columns:
        columns = ", ".join(list(data.columns)[:20])
        raise CompileError(f"{path.name} has no target '{target}': its columns are {columns}")


def _read_npy(path: Path, signature: Signature, rows: int) -> Tensors:
    spec = _only_input(signature)
    with plain_arrays(path, "save"), path.open("rb") as file:
        return {spec.name: _first_rows(Rows(file, spec.name), spec, rows)}


def _read_npz(path: Path, signature: Signature, rows: int) -> Tensors:
    with plain_arrays(path, "savez"), zipfile.ZipFile(path) as archive:
        array_names(archive, signature)
        tensors = {}
        for spec in signature.inputs:
            with archive.open(f"{spec.name}.npy") as file:
                tensors[spec.name] = _first_rows(Rows(file, spec.name), spec, rows)
        return tensors


def _first_rows(array: Rows, spec: TensorSpec, rows: int) -> Array:
    return cast(array.read(rows if spec.batched else None), spec)


def _read_rows(path: Path, signature: Signature, target: str | None, most: int) -> Tensors:
    """Return rows of a table, or images.

    They are read as :mod:`lightship.evaluation.data` does.
    """
    if not path.is_dir() and not tables.readable(signature) and path.suffix != ".jsonl":
        raise InvalidInput("inputs of this shape cannot be given as columns: give an .npz file")
    data = open_data(path, signature)
    if target is not None:
        _check_target(path, data, target)
    column = targets.column_of(signature, target, data.columns)
    found: list[Tensors] = []
    rows = 0
    for block in data.blocks([column] if column else []):
        prepared = block.prepare()
        scoring.check_rows(block, prepared, limit=most - rows)
        found += _tensors(prepared)
        rows += block.rows
        if rows >= most:
            break
    names = [spec.name for spec in signature.inputs]
    return {name: np.concatenate([tensors[name] for tensors in found])[:most] for name in names}


def _tensors(prepared: Prepared) -> list[Tensors]:
    return [dict(batch.inputs) for batch in prepared.batches]


def _only_input(signature: Signature) -> TensorSpec:
    if len(signature.inputs) != 1:
        names = ", ".join(spec.name for spec in signature.inputs)
        raise InvalidInput(f"the model has the inputs {names}: give an .npz file with an array for each")
    return signature.inputs[0]
