"""Real inputs for the comparison (``--data``): .csv, .npy or .npz; never a pickle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from lightship.errors import CompileError, InvalidInput
from lightship.kinds import tabular
from lightship.tensors import Array, Signature, TensorSpec, check_finite, validate

SUFFIXES = (".csv", ".npy", ".npz")
MOST_ROWS = 256

Tensors = dict[str, Array]


def check_file(path: Path) -> None:
    """Raises CompileError for a file that is not there or cannot hold data, by its name alone."""
    if path.suffix not in SUFFIXES:
        raise CompileError(f"{path.name}: data is read from {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise CompileError(f"cannot read {path}: there is no such file")


def read_data(path: Path, signature: Signature) -> Tensors:
    """Up to 256 rows for each input of a signature; raises CompileError that says what the file should hold."""
    readers = {".csv": _read_csv, ".npy": _read_npy, ".npz": _read_npz}
    check_file(path)
    try:
        tensors = readers[path.suffix](path, signature)
        for spec in signature.inputs:
            validate(tensors[spec.name], spec)
            check_finite(tensors[spec.name], spec)
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror or error}") from None
    except InvalidInput as error:
        raise CompileError(f"{path.name}: {error.message}") from None
    return tensors


def _read_npy(path: Path, signature: Signature) -> Tensors:
    spec = _only_input(path, signature)
    with _plain_arrays(path, "save"):
        return {spec.name: _cast(np.load(path, allow_pickle=False, mmap_mode="r"), spec)}


def _read_npz(path: Path, signature: Signature) -> Tensors:
    with _plain_arrays(path, "savez"), np.load(path, allow_pickle=False) as archive:
        missing = [spec.name for spec in signature.inputs if spec.name not in archive.files]
        if missing:
            raise CompileError(f"{path.name} has no array '{missing[0]}', it has {', '.join(archive.files)}")
        return {spec.name: _cast(archive[spec.name], spec) for spec in signature.inputs}


@contextmanager
def _plain_arrays(path: Path, writer: str) -> Iterator[None]:
    """Say in our own words what numpy cannot read: its own would have a pickle opened."""
    try:
        yield
    except (CompileError, InvalidInput, OSError):
        raise
    except Exception:  # whatever numpy and zipfile stumble over
        raise CompileError(
            f"{path.name} cannot be read as plain arrays: write it with numpy.{writer} (objects are never unpickled)"
        ) from None


def _read_csv(path: Path, signature: Signature) -> Tensors:
    """As a request's body: by the header's names where the inputs have any, else in order."""
    tensors = tabular.from_body(path.read_bytes(), signature, {})
    if tensors is None:
        raise CompileError(f"{path.name}: inputs of this shape do not fit in columns: give an .npz file")
    return {name: array[:MOST_ROWS] for name, array in tensors.items()}


def _cast(array: Array, spec: TensorSpec) -> Array:
    """Numbers of another width become the spec's; anything else is left for validation to refuse."""
    rows = array[:MOST_ROWS] if spec.batched and array.ndim else array
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
        raise CompileError(f"{path.name}: the inputs are {names}: give an .npz file with an array for each")
    return signature.inputs[0]
