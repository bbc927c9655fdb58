"""Formats of data files. Adding one: one file, one entry here, one test."""

from __future__ import annotations

from lightship.errors import UnsupportedMedia
from lightship.formats import csv_files, jsonlines, parquet, workbooks
from lightship.formats.base import Format, Streamed

STREAMED: tuple[Streamed, ...] = (csv_files, jsonlines)
FORMATS: tuple[Format, ...] = (*STREAMED, parquet)


def of(key: str) -> Format:
    """Return the format of a file by its suffix; raises UnsupportedMedia.

    Remove ``.gz`` before: it is the suffix of no format.
    """
    for candidate in FORMATS:
        if key.lower().endswith(candidate.SUFFIXES):
            return candidate
    if key.lower().endswith(workbooks.SUFFIXES):
        raise UnsupportedMedia(f"'{key[-80:]}' is a workbook of a spreadsheet program: {workbooks.HINT}")
    endings = ", ".join(suffix for candidate in FORMATS for suffix in candidate.SUFFIXES)
    raise UnsupportedMedia(f"'{key[-80:]}' is not a data file: its name must end with one of {endings}")


def named(name: str) -> Format:
    """Return the format of this name; raises UnsupportedMedia."""
    for candidate in FORMATS:
        if name == candidate.NAME:
            return candidate
    names = ", ".join(candidate.NAME for candidate in FORMATS)
    raise UnsupportedMedia(f"there is no format '{name[:80]}', the formats are {names}")


def streamed(name: str) -> Streamed | None:
    """Return the format of this name if it can be split as a stream, else None."""
    return next((candidate for candidate in STREAMED if name == candidate.NAME), None)
