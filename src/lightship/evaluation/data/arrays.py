"""Arrays of .npz and .npy files, read in blocks of rows; no pickles."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.evaluation.data.base import ROWS, text
from lightship.inputs import kind_of
from lightship.inputs.datafiles.rows import Batch, Prepared, Reject, bisected
from lightship.tensors import Array, Signature, TensorSpec, validate

# The most bytes of the rows that are read at once; of a whole array in Fortran order.
MOST_BYTES = 1024**3

_ROW_BYTES = 16 * 1024 * 1024
_TARGETS = ("y", "target")


class ArrayFile:
    """File of numpy.savez; see :class:`lightship.evaluation.data.base.Data`."""

    has_names: bool = True

    def __init__(self, path: Path, signature: Signature) -> None:
        self.name = path.name
        self._path = path
        self._signature = signature
        if unbatched := [spec for spec in signature.inputs if not spec.batched]:
            raise InvalidInput(f"input '{unbatched[0].name}' has no batch dimension: its rows cannot be evaluated")
        with plain_arrays(path, "savez"), zipfile.ZipFile(path) as archive:
            names = array_names(archive, signature)
        inputs = [spec.name for spec in signature.inputs]
        self.columns: Collection[str] = [name for name in names if name not in inputs]
        self.target = next((name for name in _TARGETS if name in self.columns), None)

    def files(self) -> Iterator[Path]:
        """See :class:`lightship.evaluation.data.base.Data`."""
        yield self._path

    def blocks(self, targets: Collection[str] = ()) -> Iterator[ArrayBlock]:
        """See :class:`lightship.evaluation.data.base.Data`."""
        with plain_arrays(self._path, "savez"), ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(self._path))
            names = [*(spec.name for spec in self._signature.inputs), *self.columns]
            arrays = {name: Rows(stack.enter_context(archive.open(f"{name}.npy")), name) for name in names}
            inputs = {spec.name: arrays[spec.name] for spec in self._signature.inputs}
            rows = _same_rows(inputs, {name: arrays[name] for name in targets})
            others = {name: arrays[name] for name in self.columns if arrays[name].rows == rows}
            step = max(1, min(ROWS, _ROW_BYTES // max(array.row_bytes for array in (inputs | others).values())))
            for start in range(0, rows, step):
                count = min(step, rows - start)
                blocks = {name: array.read(count) for name, array in (inputs | others).items()}
                yield ArrayBlock(self.name, blocks, self._signature, first=start + 1, done=(start + count) / rows)


class ArrayBlock:
    """Rows of arrays; see :class:`lightship.evaluation.data.base.Block`."""

    def __init__(
        self, name: str, arrays: Mapping[str, Array], signature: Signature, *, first: int, done: float
    ) -> None:
        self.first = first
        self.rows = len(next(iter(arrays.values())))
        self.done = done
        self._name = name
        self._arrays = arrays
        self._signature = signature

    def prepare(self) -> Prepared:
        """See :class:`lightship.evaluation.data.base.Block`."""
        specs = self._signature.inputs

        def checked(start: int, end: int) -> Mapping[str, Array]:
            part = {spec.name: cast(self._arrays[spec.name][start:end], spec) for spec in specs}
            validate(part, specs)
            for spec in specs:
                kind_of(spec).check_values(part[spec.name], spec)
            return part

        rejects, batches = dict[int, Reject](), list[Batch]()
        for start, end, part in bisected(checked, 0, self.rows):
            if isinstance(part, Exception):
                rejects[start] = Reject.of(part)
            else:
                batches.append(Batch(np.arange(start, end), part))
        return Prepared(self.rows, batches, rejects)

    def cells(self, column: str) -> Sequence[Any]:
        """See :class:`lightship.evaluation.data.base.Block`."""
        array = self._arrays.get(column)
        if array is None:
            return [None] * self.rows
        return [text(cell) for cell in array.tolist()]

    def file(self, position: int) -> str:
        """See :class:`lightship.evaluation.data.base.Block`."""
        return self._name

    def place(self, position: int) -> str:
        """See :class:`lightship.evaluation.data.base.Block`."""
        return f"{self._name}, row {self.first + position}"


class Rows:
    """Array in an open file, of which rows are read one after the other.

    Raises InvalidInput for an array that is too large, ValueError for a file that holds no plain array.

    Attributes:
        rows: number of rows; 1 for a scalar.
        row_bytes: bytes of a row.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        self._file = file
        self._name = name
        self.shape, self._fortran, self.dtype = readers[np.lib.format.read_magic(file)](file)
        if self.dtype.hasobject or any(size < 0 for size in self.shape):
            raise ValueError("not numbers or strings")
        self._fortran = self._fortran and len(self.shape) > 1
        self.rows = self.shape[0] if self.shape else 1
        self.row_bytes = max(1, math.prod(self.shape[1:]) * self.dtype.itemsize)
        self._read = 0
        self._whole: Array | None = None

    def read(self, rows: int | None) -> Array:
        """Return the next rows, at most ``rows``; None for the whole array."""
        if not self.shape or rows is None:
            return self._part(self.shape)
        if self._fortran and self._whole is None:
            self._whole = self._part(self.shape)
        start, self._read = self._read, min(self.rows, self._read + rows)
        if self._whole is not None:
            return self._whole[start : self._read]
        return self._part((self._read - start, *self.shape[1:]))

    def _part(self, shape: tuple[int, ...]) -> Array:
        size = math.prod(shape) * self.dtype.itemsize
        if size > MOST_BYTES:
            raise InvalidInput(
                f"the array for '{self._name}' needs {size} bytes of memory, and the limit is {MOST_BYTES}: give fewer "
                "rows"
            )
        data = self._file.read(size)
        order: Any = "F" if self._fortran else "C"
        array: Array = np.frombuffer(data, self.dtype, math.prod(shape)).reshape(shape, order=order)
        return array


def array_names(archive: zipfile.ZipFile, signature: Signature) -> list[str]:
    """Return the names of the arrays; raises InvalidInput where an input is missing."""
    names = [name.removesuffix(".npy") for name in archive.namelist()]
    missing = [spec.name for spec in signature.inputs if spec.name not in names]
    if missing:
        raise InvalidInput(f"no array '{missing[0]}': the arrays are {', '.join(names[:20])}")
    return names


@contextmanager
def plain_arrays(path: Path, writer: str) -> Iterator[None]:
    """Replace numpy's errors, which suggest to allow pickles, by InvalidInput."""
    try:
        yield
    except (InvalidInput, OSError):
        raise
    except Exception:  # numpy and zipfile raise many types for broken files
        reason = f"cannot be read as plain arrays: write it with numpy.{writer} (objects are never unpickled)"
        raise InvalidInput(f"{path.name} {reason}") from None


def cast(rows: Array, spec: TensorSpec) -> Array:
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


def _same_rows(inputs: Mapping[str, Rows], targets: Mapping[str, Rows]) -> int:
    sizes = {name: array.rows for name, array in (*inputs.items(), *targets.items())}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"'{name}' has {rows}" for name, rows in sizes.items())
        raise InvalidInput(f"the arrays must have the same number of rows: {found}")
    rows = next(iter(sizes.values()))
    if not rows:
        raise InvalidInput("the file has no rows")
    return rows
