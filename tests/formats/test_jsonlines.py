from __future__ import annotations

import json
import math
import random

import orjson
import pytest

from lightship.errors import InvalidInput
from lightship.formats import jsonlines
from lightship.formats.base import Row


def read(data: bytes, first: int = 1) -> list[Row]:
    return list(jsonlines.read(data, None, first=first))


@pytest.mark.parametrize("seed", range(100))
def test_scan_rows_of_spans_equal_rows_of_file(seed: int) -> None:
    chance = random.Random(seed)
    values = [{"i": i, "text": chance.choice(("", "a\nb", "é\u2028", "x" * 50))} for i in range(chance.randrange(30))]
    ends = ("\n", "\r\n", "\n\n", "\r\n\r\n\n", "\n\r")
    text = "".join(json.dumps(value, ensure_ascii=False) + chance.choice(ends) for value in values)
    data = (
        chance.choice(("", "\ufeff", "\n")) + chance.choice((text, text.rstrip(), text.rstrip("\r") + "\r"))
    ).encode()
    size, target = chance.choice((1, 5, 1000)), chance.choice((1, 30, 200, 10**6))
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    spans = list(jsonlines.scan(blocks, offset=0, row=1, target=target))
    found = [row for span in spans for row in read(data[span.start : span.end], span.first)]
    assert found == [Row(number, value) for number, value in enumerate(values, start=1)]
    for index, span in enumerate(spans):
        rest = jsonlines.scan([data[span.end :]], offset=span.end, row=span.first + span.rows, target=target)
        assert list(rest) == spans[index + 1 :]
        assert span.rows == len(read(data[span.start : span.end], span.first))


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (b'{"a": 1', "character 8"),
        (b"a,b", "character 1"),
        (b"  ", ""),
        (b'{"a": "\xff"}', "byte 8"),
        (b'{"a": "\\ud800"}', ""),
        (b"[" * 300 + b"]" * 300, ""),
        (b"[" * 100_000 + b"]" * 100_000, ""),
        (b"5", ""),
        (b"null", ""),
    ],
)
def test_read_bad_row_keeps_neighbours(bad: bytes, named: str) -> None:
    data = b'{"a": 1}\n' + bad + b"\n\n[2, 3]\r\n"
    (span,) = jsonlines.scan([data], offset=0, row=1, target=10**9)
    first, second, third = read(data)
    assert span.rows == 3
    assert (first, third) == (Row(1, {"a": 1}), Row(3, [2, 3]))
    assert second.error is not None and named in second.error
    assert jsonlines.texts(data, first=1) == [b'{"a": 1}', bad.strip(), b"[2, 3]"]


def test_read_returns_row_unchanged() -> None:
    assert read(b'{"input": [1, 2]}\n', 9) == [Row(9, {"input": [1, 2]})]


def test_read_numbers_of_every_size_can_be_written() -> None:
    (row,) = read(b"[NaN, -Infinity, 1e999, " + b"9" * 5000 + b", 18446744073709551615, -9223372036854775809]")
    cells = list(row.cells)
    assert math.isnan(cells[0])
    assert cells[1:] == [-math.inf, math.inf, math.inf, 2**64 - 1, -(2.0**63)]
    assert orjson.dumps(cells).startswith(b"[null,null,null,null,18446744073709551615,")


def test_scan_endless_line_is_refused_with_row_number() -> None:
    with pytest.raises(InvalidInput, match=r"row 2: .*16 MiB.*byte 4 "):
        list(jsonlines.scan((b"[1]\n" if not n else b"[" * 2**20 for n in range(100)), offset=0, row=1, target=2**24))


def test_header_and_preamble_are_empty() -> None:
    assert jsonlines.preamble(["p"]) == b""
    assert jsonlines.header(b'{"a": 1}\n') is None
