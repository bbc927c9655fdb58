"""Real inputs for the comparison (``--data``), no pickles.

The file is read in the sandboxed child process only, and of it only the rows that are used. The size that an array's
header declares is compared with a limit before memory is allocated for it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lightship import formats
from lightship.errors import CompileError, InvalidInput, UnsupportedMedia
from lightship.evaluation import scoring, targets
from lightship.evaluation.data import Block, Data, named, open_data
from lightship.evaluation.data.arrays import ArrayBlock, Rows, array_names, cast, plain_arrays
from lightship.formats import workbooks
from lightship.inputs import kind_of, tables
from lightship.inputs.datafiles.rows import Batch, Prepared
from lightship.tensors import Array, Signature, TensorSpec, validate

ARRAYS = (".npy", ".npz")
SUFFIXES = (*(suffix for found in formats.FORMATS for suffix in found.SUFFIXES), *ARRAYS)
MOST_ROWS = 256

_HINT = " (--skip-bad leaves out such rows)"

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


def read_data(
    path: Path, signature: Signature, *, target: str | None = None, rows: int = MOST_ROWS, skip_bad: bool = False
) -> Tensors:
    """Return the first rows, by default up to 256, for each input of a signature.

    ``target`` is a column that is no input. ``skip_bad`` leaves out rows that do not fit. Raises CompileError.
    """
    check_file(path)
    readers = {".npy": _read_npy, ".npz": _read_npz}
    with of_data(path):
        if path.suffix not in readers or path.is_dir():
            return _read_rows(path, signature, target, rows, skip_bad=skip_bad)
        tensors = readers[path.suffix](path, signature, rows)
        if skip_bad and all(spec.batched for spec in signature.inputs):
            return _merged(_good_rows(path, signature, tensors, rows), signature)
        found = {spec.name: cast(tensors[spec.name], spec) for spec in signature.inputs}
        validate(found, signature.inputs)
        for spec in signature.inputs:
            kind_of(spec).check_values(found[spec.name], spec)
    return found


def good_batches(block: Block, prepared: Prepared, *, most: int, skip_bad: bool) -> list[Batch]:
    """Return the batches of a block's first rows, without the rejected ones.

    Raises InvalidInput for a rejected row unless ``skip_bad``.
    """
    if not skip_bad:
        scoring.check_rows(block, prepared, limit=most, hint=_HINT)
    found = []
    for batch in prepared.batches:
        kept = [index for index, at in enumerate(batch.positions.tolist()) if at not in prepared.rejects][:most]
        most -= len(kept)
        if kept:
            found.append(Batch(batch.positions[kept], {name: array[kept] for name, array in batch.inputs.items()}))
    return found


@contextmanager
def of_data(path: Path) -> Iterator[None]:
    """Turn the errors of a data file into CompileError with its name."""
    try:
        with named(path):
            yield
    except (InvalidInput, UnsupportedMedia) as error:
        raise CompileError(error.message) from None
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror or error}") from None


def _check_target(path: Path, data: Data, target: str) -> None:
    """Raise CompileError where the data has no such target."""
    if target not in data.columns:
        columns = ", ".join(list(data.columns)[:20])
        hint = f" (without --target: '{data.target}')" if data.target else ""
        raise CompileError(f"{path.name} has no target '{target[:80]}': its columns are {columns}{hint}")


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
    return array.read(rows if spec.batched else None)


def _read_rows(path: Path, signature: Signature, target: str | None, most: int, *, skip_bad: bool) -> Tensors:
    """Return rows of a table, or images.

    They are read as :mod:`lightship.evaluation.data` does.
    """
    if not path.is_dir() and not tables.readable(signature) and path.suffix != ".jsonl":
        raise InvalidInput("inputs of this shape cannot be given as columns: give an .npz file")
    data = open_data(path, signature)
    if target is not None:
        _check_target(path, data, target)
    column = targets.column_of(signature, target, data.columns)
    found: list[Batch] = []
    left = most
    for block in data.blocks([column] if column else []):
        batches = good_batches(block, block.prepare(), most=left, skip_bad=skip_bad)
        found += batches
        left -= sum(len(batch.positions) for batch in batches)
        if left <= 0:
            break
    return _merged(found, signature)


def _good_rows(path: Path, signature: Signature, arrays: Tensors, most: int) -> list[Batch]:
    block = ArrayBlock(path.name, arrays, signature, first=1, done=1.0)
    return good_batches(block, block.prepare(), most=most, skip_bad=True)


def _merged(batches: Sequence[Batch], signature: Signature) -> Tensors:
    if not batches:
        raise InvalidInput("no row fits the model")
    return {
        spec.name: kind_of(spec).joined([batch.inputs[spec.name] for batch in batches], spec)
        for spec in signature.inputs
    }


def _only_input(signature: Signature) -> TensorSpec:
    if len(signature.inputs) != 1:
        names = ", ".join(spec.name for spec in signature.inputs)
        raise InvalidInput(f"the model has the inputs {names}: give an .npz file with an array for each")
    return signature.inputs[0]
