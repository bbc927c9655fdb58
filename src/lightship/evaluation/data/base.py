"""Interfaces of data files: blocks of rows with inputs, targets and other cells."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from lightship.inputs.datafiles.rows import Prepared

# The most rows of a block.
ROWS = 4096


def text(cell: Any) -> Any:
    """Return a cell with bytes as UTF-8 text, also in lists; others are unchanged.

    Bytes that are not UTF-8 become a text that says so.
    """
    if isinstance(cell, list):
        return list(map(text, cell))
    if not isinstance(cell, bytes):
        return cell
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return f"({len(cell)} bytes that are not UTF-8)"


class Block(Protocol):
    """Consecutive rows of a data file.

    Attributes:
        first: number of the first row, from 1.
        rows: number of rows.
        done: share of the file that ends with this block, 0 to 1.
    """

    first: int
    rows: int
    done: float

    def prepare(self) -> Prepared:
        """Return the rows as tensors, and the rejected rows."""

    def cells(self, column: str) -> Sequence[Any]:
        """Return a column's cells, one for each row; None where missing."""

    def file(self, position: int) -> str:
        """Return the name of the file that a row is in."""

    def place(self, position: int) -> str:
        """Return where a row is, such as ``data.csv, row 3``."""


class Data(Protocol):
    """Data file, or folder, opened for one signature.

    The blocks have the same rows for each signature.

    Attributes:
        name: of the file.
        columns: columns that blocks have cells of.
        target: the column that is the target unless another is requested; None without one.
        has_names: whether the data names its columns; a CSV without a header does not.
    """

    name: str
    columns: Collection[str]
    target: str | None
    has_names: bool

    def files(self) -> Iterator[Path]:
        """Yield the files that hold the data, in order."""

    def blocks(self, targets: Collection[str] = ()) -> Iterator[Block]:
        """Yield the blocks in order.

        ``targets`` are columns that are not inputs where inputs are read by position. Raises InvalidInput where the
        file does not fit the model, and where it has no rows.
        """
