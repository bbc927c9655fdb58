from __future__ import annotations

import csv
import io
import random
import re
import tracemalloc
from collections.abc import Iterator
from functools import partial

import pytest

from lightship.errors import InvalidInput
from lightship.formats import csv_files, lines
from lightship.formats.base import FIRST_BLOCK, LONGEST_ROW, Header, Row, Span
from lightship.formats.csv import read as read_request

AB = Header(("a", "b"), 4)


def blocks(data: bytes, chance: random.Random) -> Iterator[bytes]:
    """Yield the data in blocks of random sizes, some empty."""
    at = 0
    while at < len(data):
        size = chance.choice((0, 1, 2, 7, 50, 1000))
        yield data[at : at + size]
        at += size


def names(one_column: bool) -> tuple[str, ...]:
    return ("a",) if one_column else ("a", "b")


def scan(data: bytes, *, offset: int = 0, row: int = 1, target: int = 10**6, one_column: bool = False) -> list[Span]:
    columns = partial(names, one_column)
    return list(csv_files.scan([data[offset:]], offset=offset, row=row, target=target, names=columns))


def read(data: bytes, header: Header | None = None, *, first: int = 1, one_column: bool = False) -> list[Row]:
    return list(csv_files.read(data, header, first=first, one_column=one_column))


def table(chance: random.Random) -> bytes:
    """Return a random valid file."""
    texts = ("", "1", "-2.5", "word", "é", "a b", '5" pipe', "x" * 40)
    inside = ("\n", "\r\n", "\r", '"', ",", "x", "é", ",\n", '"\n"')
    ends = chance.choice((("\n",), ("\r\n",), ("\n", "\r\n"), ("\r",), ("\n", "\r\n", "\r", "\n\n", "\r\n\r\n")))

    def cell() -> str:
        if chance.random() < 0.6:
            return chance.choice(texts)
        return '"' + "".join(chance.choices(inside, k=chance.randrange(5))).replace('"', '""') + '"'

    rows = [
        ",".join(cell() for _ in range(chance.randrange(1, 4))) + chance.choice(ends)
        for _ in range(chance.randrange(20))
    ]
    text = chance.choice(("", "\ufeff")) + chance.choice(("", "", "\n\r\n")) + "".join(rows)
    return (text if chance.random() < 0.5 else text.rstrip("\r\n")).encode()


def garbage(chance: random.Random) -> bytes:
    """Return random malformed data."""
    parts = (b'"', b'"', b",", b"\n", b"\r", b"\r\n", b"a", b"1", b"\xff", "é".encode(), b"\xef\xbb\xbf", b"\0")
    mark = chance.choice((b"", lines.BYTE_ORDER_MARK))
    return mark + b"".join(chance.choices(parts, k=chance.randrange(60))).lstrip(lines.BYTE_ORDER_MARK + b"\r\n")


def column(chance: random.Random) -> bytes:
    """Return a random valid file of one column, with empty lines."""
    cells = ("", "1", "word", "\xe9", " ", '""', '"a\nb"', '"\r\n\n"', '"say ""so"""', "x" * 40, '5" pipe')
    ends = chance.choice((("\n",), ("\r\n",), ("\r",), ("\n", "\r\n", "\r")))
    text = "".join(chance.choice(cells) + chance.choice(ends) for _ in range(chance.randrange(20)))
    return (chance.choice(("", "\ufeff")) + (text if chance.random() < 0.7 else text.rstrip("\r\n"))).encode()


def check_spans(data: bytes, chance: random.Random, *, one_column: bool = False) -> list[Row]:
    """Check that a file is split and read consistently, and return its rows."""
    target = chance.choice((1, 3, 10, 40, 200, 10**6))
    columns = partial(names, one_column)
    spans = list(csv_files.scan(blocks(data, chance), offset=0, row=1, target=target, names=columns))
    assert spans == scan(data, target=target, one_column=one_column), "the spans depend on the blocks"
    rows: list[Row] = []
    for index, span in enumerate(spans):
        found = read(data[span.start : span.end], first=span.first, one_column=one_column)
        assert [row.number for row in found] == list(range(len(rows) + 1, len(rows) + 1 + span.rows))
        assert span.rows > 0
        assert span.rows == 1 or span.end - span.start <= 2 * max(target, longest(data))
        resumed = scan(data, offset=span.end, row=span.first + span.rows, target=target, one_column=one_column)
        assert resumed == spans[index + 1 :]
        rows += found
    return rows


def longest(data: bytes) -> int:
    """Return the most bytes of a row with line ends and a byte-order mark."""
    row = max((len(text) for text, _ in csv_files._split(lines.without_byte_order_mark(data, first=1))), default=0)
    return row + 2 * max(map(len, re.findall(rb"[\r\n]+", data)), default=0) + len(lines.BYTE_ORDER_MARK)


@pytest.mark.parametrize("step", [1, 5, 30, 2**20])
@pytest.mark.parametrize("seed", range(150))
def test_scan_rows_of_spans_equal_rows_of_file(seed: int, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_STEP", step)
    chance = random.Random(seed)
    data = table(chance)
    expected = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True) if row]
    found = check_spans(data, chance)
    assert [row.error for row in found] == [None] * len(expected)
    assert [row.cells for row in found] == expected
    assert [len(read(text)) for text in csv_files.texts(data, first=1)] == [1] * len(expected)


@pytest.mark.parametrize("step", [1, 5, 2**20])
@pytest.mark.parametrize("seed", range(300))
def test_scan_malformed_data_gives_equal_rows_for_any_split(
    seed: int, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_STEP", step)
    chance = random.Random(seed)
    data = garbage(chance)
    found = check_spans(data, chance)
    assert found == read(data)
    assert len(found) == len(csv_files.texts(data, first=1))


@pytest.mark.parametrize("step", [1, 5, 30, 2**20])
@pytest.mark.parametrize("seed", range(150))
def test_scan_rows_of_column_equal_rows_of_request(seed: int, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_STEP", step)
    chance = random.Random(seed)
    data = column(chance)
    expected = request_rows(data)
    found = check_spans(data, chance, one_column=True)
    assert [row.error for row in found] == [None] * len(expected)
    assert [row.cells for row in found] == expected
    texts = csv_files.texts(data, first=1, one_column=True)
    assert [read(text)[0].cells if text else [""] for text in texts] == expected


def request_rows(data: bytes) -> list[list[str]]:
    try:
        return read_request(data, has_header=False, names=("a",)).rows
    except InvalidInput as error:
        assert "empty" in error.message
        return []


@pytest.mark.parametrize("step", [1, 5, 2**20])
@pytest.mark.parametrize("seed", range(300))
def test_scan_malformed_column_gives_equal_rows_for_any_split(
    seed: int, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_STEP", step)
    chance = random.Random(seed)
    data = garbage(chance)
    found = check_spans(data, chance, one_column=True)
    assert found == read(data, one_column=True)
    assert len(found) == len(csv_files.texts(data, first=1, one_column=True))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a,b\n1,2\n", Header(("a", "b"), 4)),
        (b"\xef\xbb\xbfa, b \r\n1,2\r\n", Header(("a", "b"), 10)),
        (b'\n\r\n"x\ny","1,5"\n1,2\n', Header(("x\ny", "1,5"), 15)),
        (b"a,b", Header(("a", "b"), 3)),
        ("größe\n1".encode(), Header(("größe",), 8)),
        (b"1,2\n3,4\n", None),
        (b"city,2\n", None),
        (b"\xff,2\n", None),
        (b'"a\n1,2\n', None),
        (b"", None),
        (b"\xef\xbb\xbf\n", None),
    ],
)
def test_header_is_detected(data: bytes, expected: Header | None) -> None:
    assert csv_files.header(data) == expected


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"a,b,a\n1,2,3\n", "'a'"),
        ("größe,b\n1,2\n".encode("latin-1"), "byte 3"),
        (b"name," * FIRST_BLOCK, "64 KiB"),
    ],
)
def test_header_malformed_is_refused(data: bytes, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        csv_files.header(data, names=lambda: ("a",))


@pytest.mark.parametrize(
    ("data", "has_header", "expected"),
    [
        (b"n/a,-\n1,2\n", None, None),
        (b"a,b,,\n1,2,,\n", None, ("a", "b", "", "_2")),
        (b"1_000\n2\n", None, None),
        (b"n/a,-\n1,2\n", False, None),
        (b"n/a,-\n1,2\n", True, ("n/a", "-")),
        (b"a,2019\n1,2\n", None, None),
        (b"a,2019\n1,2\n", True, ("a", "2019")),
        (b"2018,2019\n1,2\n", True, ("2018", "2019")),
        (b"a,a\n1,2\n", False, None),
        (b"", True, None),
        (b"\n", True, None),
    ],
)
def test_header_explicit_presence_overrides_detection(
    data: bytes, has_header: bool | None, expected: tuple[str, ...] | None
) -> None:
    found = csv_files.header(data, has_header=has_header)
    assert (found and found.columns) == expected


def test_header_with_all_expected_names_is_detected() -> None:
    row = "größe, b ,2019\n".encode()
    assert csv_files.header(row, names=lambda: ("b", "größe")) == Header(("größe", "b", "2019"), len(row))
    assert csv_files.header(row, names=lambda: ("b", "c")) is None
    assert csv_files.header(row, names=lambda: ("b", "2019")) is not None
    assert csv_files.header(b"2,1\n", names=lambda: ("1", "2")) is None


@pytest.mark.parametrize("data", [b'"a\n1,2\n', b"0.125," * FIRST_BLOCK], ids=["no CSV", "too long"])
def test_header_required_but_unreadable_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        csv_files.header(data, has_header=True)


def test_header_long_row_of_numbers_is_not_detected() -> None:
    assert csv_files.header((b"0.125," * FIRST_BLOCK)[:FIRST_BLOCK]) is None


def test_read_returns_rows_by_column() -> None:
    assert read(b'1,"x,\ny"\r\n\r\n2,z', AB, first=7) == [
        Row(7, {"a": "1", "b": "x,\ny"}),
        Row(8, {"a": "2", "b": "z"}),
    ]


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (b"1", "1 cells"),
        (b"1,2,3", "3 cells"),
        (b'"1"x,2', "','"),
        (b'"1"x,"a\nb",2', ""),
        (b"1,\xff", "byte 3"),
    ],
)
def test_read_bad_row_keeps_neighbours(bad: bytes, named: str) -> None:
    data = b'1,2\n"3","4\n"\n' + bad + b"\r\n\n5,6\n" + bad + b"\n7,8"
    (span,) = scan(data)
    found = read(data, AB)
    assert [row.number for row in found] == [1, 2, 3, 4, 5, 6]
    assert span.rows == 6
    assert [row.cells for row in found if row.error is None] == [
        {"a": "1", "b": "2"},
        {"a": "3", "b": "4\n"},
        {"a": "5", "b": "6"},
        {"a": "7", "b": "8"},
    ]
    errors = [row.error for row in found if row.error is not None]
    assert len(errors) == 2
    assert all(named in error for error in errors)


def test_read_unclosed_quote_extends_to_end() -> None:
    data = b'1,2\n3,"4\n5,6\n'
    assert [span.rows for span in scan(data)] == [2]
    assert [row.error is None for row in read(data, AB)] == [True, False]


def test_scan_endless_line_is_refused_with_row_number() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield b"1,2\n3,4\n"
        for _ in range(100):
            taken += 1
            yield b"9" * 2**20

    with pytest.raises(InvalidInput, match=r"row 43: .*16 MiB.*byte 108 "):
        list(csv_files.scan(endless(), offset=100, row=41, target=2**20))
    assert taken <= 2 * LONGEST_ROW // 2**20


def test_scan_longest_row_is_accepted_and_longer_is_refused() -> None:
    row = b"9" * (LONGEST_ROW - 1) + b"\n"
    assert [span.rows for span in scan(b"1\n" + row + b"2\n", target=100)] == [1, 1, 1]
    with pytest.raises(InvalidInput, match="row 2: "):
        scan(b"1\n9" + row + b"2\n", target=100)


def test_read_cell_as_long_as_row_is_accepted() -> None:
    (row,) = read(b"x" * 300_000 + b",2\n", AB)
    assert row.error is None


@pytest.mark.parametrize("line", [b"1.25,2.5,3\n", b'1.25,"' + 20 * b'a ""b""\n,' + b'",3\r\n'])
def test_scan_memory_is_constant(line: bytes) -> None:
    block = line * (2**20 // len(line))
    tracemalloc.start()
    try:
        rows = sum(span.rows for span in csv_files.scan((block for _ in range(48)), offset=0, row=1, target=8 * 2**20))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == 48 * (2**20 // len(line))
    assert peak < 24 * 2**20


def test_scan_spans_fill_target() -> None:
    data = b"1,2,3\n" * 700_000
    spans = scan(data, target=2**21)
    assert all(2**21 - 6 < span.end - span.start <= 2**21 for span in spans[:-1])
    assert sum(span.rows for span in spans) == 700_000


def test_records_are_read_back() -> None:
    rows = [["a,b", 'say "x"', "", "l\nm"], ["c\rd", "é", 1.5, 2], [None, True, "-1", "=x"]]
    data = b"".join(row + b"\n" for row in csv_files.records(rows))
    assert data == b'"a,b","say ""x""",,"l\nm"\n"c\rd",\xc3\xa9,1.5,2\n,True,-1,=x\n'
    assert [row.cells for row in read(data)] == [["" if cell is None else str(cell) for cell in row] for row in rows]
    assert csv_files.preamble(["p", "q,r"]) == b'p,"q,r"\n'


def test_records_single_empty_cell_is_row() -> None:
    assert [row.cells for row in read(b"\n".join(csv_files.records([[""], [None], ["x"]])))] == [[""], [""], ["x"]]


def test_records_safe_escapes_formulas_and_keeps_numbers() -> None:
    cells = ["=1+1", "+x", "-y", "@z", "\tt", "\rr", "-1.5", "+2", "-1e5", "a=b", -3, -2.5, None]
    (row,) = read(csv_files.records([cells], safe=True)[0])
    assert row.cells == [
        *("'=1+1", "'+x", "'-y", "'@z", "'\tt", "'\rr"),
        *("-1.5", "+2", "-1e5", "a=b", "-3", "-2.5", ""),
    ]
    assert csv_files.preamble(["=a", "b"], safe=True) == b"'=a,b\n"


@pytest.mark.parametrize("blank", ["", " ", "\n", "\u00a0 "])
@pytest.mark.parametrize("sign", "=+-@\uff1d\uff0b\uff0d\uff20")
def test_records_safe_escapes_formulas_after_blanks_and_in_full_width(blank: str, sign: str) -> None:
    cell = f"{blank}{sign}A1"
    assert csv_files.records([[cell, f"{blank}7", f"x{cell}"]], safe=True) == csv_files.records(
        [[f"'{cell}", f"{blank}7", f"x{cell}"]]
    )


def test_texts_are_unchanged_rows() -> None:
    column = b"a\n\n\r\n=b\n\n"
    assert csv_files.texts(column, first=1, one_column=True) == [b"a", b"", b"", b"=b"]
    assert csv_files.texts(column, first=1, one_column=True, safe=True) == [b"a", b'""', b'""', b"'=b"]
    data = b'\xef\xbb\xbf1,"a\r\nb"\r\n\r\n2, c \n"3"x,=d'
    assert csv_files.texts(data, first=1) == [b'1,"a\r\nb"', b"2, c ", b'"3"x,=d']
    assert csv_files.texts(b"1,2\r\n\r\n3,4\r5,6", first=9) == [b"1,2", b"3,4", b"5,6"]
    safe = csv_files.texts(b'=1,-2\n"=3",\xff\n@x,"a,b"\n', first=1, safe=True)
    assert safe == [b"'=1,-2", b'"=3",\xff', b'\'@x,"a,b"']
