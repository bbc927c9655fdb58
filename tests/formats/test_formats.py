from __future__ import annotations

import subprocess
import sys

import pytest

from lightship import formats
from lightship.errors import UnsupportedMedia


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("a/b.csv", "csv"),
        ("B.CSV", "csv"),
        ("x.y.jsonl", "jsonlines"),
        ("x.ndjson", "jsonlines"),
        ("é.parquet", "parquet"),
    ],
)
def test_of_suffix_equals_named_format(key: str, name: str) -> None:
    assert formats.of(key) is formats.named(name)


@pytest.mark.parametrize("key", ["a.txt", "csv", "a.csv.gz", "a.csv/", ""])
def test_of_unknown_suffix_is_refused_with_valid_suffixes(key: str) -> None:
    with pytest.raises(UnsupportedMedia, match=r"\.csv, \.jsonl, \.ndjson, \.parquet"):
        formats.of(key)


def test_named_unknown_format_is_refused() -> None:
    with pytest.raises(UnsupportedMedia, match="'xls'.* csv, jsonlines, parquet"):
        formats.named("xls")


def test_streamed_parquet_and_images_are_not_streamed() -> None:
    assert {name: formats.streamed(name) for name in ("csv", "jsonlines", "parquet", "images")} == {
        "csv": formats.named("csv"),
        "jsonlines": formats.named("jsonlines"),
        "parquet": None,
        "images": None,
    }


def test_scan_imports_standard_library_only() -> None:
    code = """
import sys
from lightship import formats
for name, data in {"csv": b'a,b\\n1,"x\\ny"\\n', "jsonlines": b'{"a": 1}\\n[2]\\n'}.items():
    module = formats.named(name)
    header = module.header(data)
    start = header.length if header else 0
    assert [span.rows for span in module.scan([data[start:]], offset=start, row=1, target=100)] == [1 if header else 2]
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], check=False, env={"PYTHONPATH": "src"}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "lightship" in run.stdout.split()
    assert not {"numpy", "orjson", "boto3", "pyarrow"} & set(run.stdout.split())
