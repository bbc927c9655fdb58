"""Workbooks of spreadsheets, which are refused with the way to convert them."""

from __future__ import annotations

from lightship.errors import InvalidInput

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods")

# First bytes of a ZIP archive, and of the compound files of old versions of Excel.
_ZIP, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# Names of files that only workbooks hold, as the archive's entries have them.
_MEMBERS = (b"xl/", b"[Content_Types].xml", b"opendocument.spreadsheet")

HINT = (
    "save it as CSV UTF-8 in the spreadsheet program, or run "
    "`python -c \"import pandas; pandas.read_excel('FILE').to_csv('FILE.csv', index=False)\"`"
)


def is_workbook(data: bytes) -> bool:
    """Return whether a file, or its beginning, is a workbook."""
    return data.startswith(_COMPOUND) or (data.startswith(_ZIP) and any(member in data for member in _MEMBERS))


def check(data: bytes, what: str) -> None:
    """Raise InvalidInput where ``what`` is a workbook, with the way to convert it."""
    if is_workbook(data):
        raise InvalidInput(f"{what} is a workbook of a spreadsheet program: {HINT}")
