"""What every format of data files offers, and the values that pass between a format and a job.

A file is cut into spans of whole rows without being loaded, a span is read into rows, and rows are written as a part.
Nothing here needs more than the standard library: files are cut where nothing else is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

# The longest row, in bytes: what a worker must hold, and what a file without line ends would otherwise become.
LONGEST_ROW = 16 * 1024 * 1024

# What header() needs to see of a file, in bytes.
FIRST_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Span:
    """Whole rows of a file: bytes ``[start, end)``; ``first`` is the first row's number, ``rows`` how many there are.

    Rows are counted from 1 without a header. Of a file that is no stream of bytes, ``start`` and ``end`` count its
    own parts (Parquet: row groups).
    """

    start: int
    end: int
    first: int
    rows: int


@dataclass(frozen=True, slots=True)
class Header:
    """Names of the columns, and how many bytes of the file they take (a byte-order mark included)."""

    columns: tuple[str, ...]
    length: int = 0


@dataclass(slots=True)
class Row:
    """One row: its number in the file, and its cells by column or in order; ``error`` says why it cannot be used."""

    number: int
    cells: Mapping[str, Any] | Sequence[Any] = field(default_factory=tuple)
    error: str | None = None


class Format(Protocol):
    """What the module of a format offers."""

    NAME: str
    SUFFIXES: tuple[str, ...]
    MEDIA_TYPE: str

    def preamble(self, columns: Sequence[str], *, safe: bool = False) -> bytes:
        """What stands before the first part where parts are joined to one file: CSV's header line."""


class Streamed(Format, Protocol):
    """What it offers where a file can be cut as it streams by: any other is planned by whoever has its library."""

    def header(
        self, block: bytes, *, said: bool | None = None, names: Callable[[], Collection[str]] = tuple
    ) -> Header | None:
        """The header at a file's beginning; None where the first row already holds values. Raises InvalidInput.

        ``block`` is the whole file or at least its first FIRST_BLOCK bytes. ``said`` is whether the file has a header,
        where somebody knows; ``names`` gives the columns that are looked for, where the row does not speak for itself.
        """

    def scan(self, blocks: Iterable[bytes], *, offset: int, row: int, target: int) -> Iterator[Span]:
        """Cut a stream that begins at byte ``offset`` with row number ``row`` into spans of at most ``target`` bytes.

        A row that is longer than that is a span of its own or with its next neighbours. Constant memory. Can be resumed
        at any span's end, with the same spans. Lines that hold nothing are no rows and may stand between two spans.
        Raises InvalidInput for a row over LONGEST_ROW bytes.
        """
