from __future__ import annotations

import io
import zipfile

import pytest

from lightship import formats
from lightship.errors import InvalidInput, UnsupportedMedia
from lightship.formats import csv, csv_files, workbooks


def archive(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in names:
            made.writestr(name, "")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (archive("[Content_Types].xml", "xl/workbook.xml"), True),
        (archive("xl/workbook.xml"), True),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), True),
        (archive("a.csv"), False),
        (b"xl/,b\n1,2\n", False),
        (b"", False),
    ],
)
def test_is_workbook_by_content(data: bytes, expected: bool) -> None:
    assert workbooks.is_workbook(data) is expected


def test_csv_readers_refuse_workbook_with_conversion() -> None:
    data = archive("xl/workbook.xml")
    for read in (csv.read, csv_files.header):
        with pytest.raises(InvalidInput, match="read_excel"):
            read(data)


@pytest.mark.parametrize("name", ["a.xlsx", "A.XLS", "a.ods"])
def test_of_suffix_of_workbook_is_refused_with_conversion(name: str) -> None:
    with pytest.raises(UnsupportedMedia, match=f"'{name}'.*read_excel"):
        formats.of(name)
