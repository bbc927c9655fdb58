"""Interfaces of the formats of data files, and the types they share with jobs.

A file is split into spans of whole rows without being loaded, a span is read into rows, and rows are written as a part.
This module needs the standard library only: the function that splits files has no other packages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

# The longest row in bytes: a worker holds it in memory, and a file without line ends would be a single row.
LONGEST_ROW = 16 * 1024 * 1024

# Bytes of a file that header() needs.
FIRST_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Span:
    """Span of whole rows of a file: bytes ``[start, end)``.

    ``first`` is the first row's number, ``rows`` the number of rows. Rows are counted from 1, the header excluded. In
    Parquet ``start`` and ``end`` count row groups.
    """

    start: int
    end: int
    first: int
    rows: int


@dataclass(frozen=True, slots=True)
class Header:
    """Names of the columns, and the header's length in bytes with the byte-order mark."""

    columns: tuple[str, ...]
    length: int = 0


@dataclass(slots=True)
class Row:
    """Row of a file: its number, and its cells by column or in order.

    ``error`` is the reason why the row cannot be used.
    """

    number: int
    cells: Mapping[str, Any] | Sequence[Any] = field(default_factory=tuple)
    error: str | None = None


class Format(Protocol):
    """Interface of a format's module."""

    NAME: str
    SUFFIXES: tuple[str, ...]
    MEDIA_TYPE: str

    def preamble(self, columns: Sequence[str], *, safe: bool = False) -> bytes:
        """Return the bytes before the first part of a joined file: CSV's header line."""


class Streamed(Format, Protocol):
    """Interface of a format that can be split as a stream.

    Files of other formats are split by a worker that has the format's library.
    """

    def header(
        self, block: bytes, *, has_header: bool | None = None, names: Callable[[], Collection[str]] = tuple
    ) -> Header | None:
        """Return the header of a file; None where the first row holds values.

        ``block`` is the whole file or at least its first FIRST_BLOCK bytes. ``has_header`` is whether the file has a
        header, None to detect it; ``names`` returns the expected columns, called where the row alone does not decide.
        Raises InvalidInput.
        """

    def scan(
        self,
        blocks: Iterable[bytes],
        *,
        offset: int,
        row: int,
        target: int,
        names: Callable[[], Collection[str]] = tuple,
    ) -> Iterator[Span]:
        """Split a stream into spans of at most ``target`` bytes.

        The stream begins at byte ``offset`` with row number ``row``. A longer row is a span alone or with its
        neighbours. Memory is constant. A scan resumed at the end of any span gives the same spans. Empty lines are not
        rows and may be between two spans, except in CSV of one column: there they are rows with an empty cell, unless
        they end the file. ``names`` returns the file's columns. Raises InvalidInput for a row over LONGEST_ROW bytes.
        """
