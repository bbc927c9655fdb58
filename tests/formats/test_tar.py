"""Tar files: their members, and the spans they are split into."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import tracemalloc
from collections.abc import Iterator

import pytest

from lightship.errors import InvalidInput
from lightship.formats import tar
from lightship.formats.base import Span
from tests.tars import built, header, member, packed

END = bytes(1024)
FORMATS = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT, "ustar": tarfile.USTAR_FORMAT}


def blocks(data: bytes, size: int = 1000) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def found(data: bytes, **options: bool) -> list[tuple[str, bytes, str]]:
    """Return the rows of a tar file: their names, contents and errors."""
    return [
        (each.name, data[each.data : each.data + each.size], each.error)
        for each in tar.members(blocks(data), **options)
    ]


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_members_are_images_in_order(form: int) -> None:
    files = [
        ("b.png", b"first"),
        ("b.json", b"{}"),
        ("a/" * 60 + "a.JPG", b"x" * 512),
        ("train/ü.jpeg", b"y" * 513),
        ("readme.txt", b"text" * 1000),
        ("b.png", b"again"),
        ("empty.png", b""),
    ]
    expected = [(name, content, "") for name, content in files if not name.endswith(("json", "txt"))]
    assert found(packed(files, form)) == expected


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_members_long_name_is_whole(form: int) -> None:
    name = "é" * 700 + ".png"
    assert found(packed({name: b"content"}, form)) == [(name, b"content", "")]


def test_members_hidden_and_folders_are_skipped() -> None:
    data = built(
        (member("folder.png", kind=tarfile.DIRTYPE), b""),
        *((member(name, size=1), b"x") for name in ("._a.png", ".thumbnails/a.png", "a/.b.png", "./c.png", "a/d.png")),
    )
    assert [name for name, _, _ in found(data)] == ["c.png", "a/d.png"]


def test_members_name_not_utf8_is_escaped() -> None:
    assert [name for name, _, _ in found(header(path=b"\xff\n.png\0") + END)] == ["\\xff\n.png"]


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        (member("/etc/a.png", size=1), "relative"),
        (member("a/../../b.png", size=1), "'..'"),
        (member("../b.png", size=1), "'..'"),
        (member("a.png", kind=tarfile.SYMTYPE), "symbolic link"),
        (member("a.png", kind=tarfile.LNKTYPE), "hard link"),
        (member("a.png", kind=tarfile.CHRTYPE), "device"),
        (member("a.png", kind=tarfile.FIFOTYPE), "pipe"),
        (member("a.png", size=1, GNU__sparse__major="1"), "sparse"),
        (member("a.png", kind=b"Z", size=1), "'Z'"),
    ],
)
def test_members_unusual_is_error_and_next_is_read(entry: tarfile.TarInfo, named: str) -> None:
    (name, _, error), following = found(built((entry, b"x" * entry.size), (member("z.png", size=1), b"z")))
    assert (name, named in error) == (entry.name, True)
    assert following == ("z.png", b"z", "")


def test_members_old_sparse_file_is_error_and_next_is_read() -> None:
    extension = bytearray(512)
    extension[504] = 1
    sparse = header(kind=b"S", size=b"00000000001\0", extended=b"\1") + bytes(extension) + bytes(512)
    rows = found(sparse + b"x".ljust(512, b"\0") + packed({"z.png": b"z"}))
    assert [(name, content) for name, content, _ in rows] == [("a.png", b"x"), ("z.png", b"z")]
    assert "sparse" in rows[0][2]


def test_members_of_concatenated_files_are_all_read() -> None:
    assert [name for name, _, _ in found(packed({"a.png": b"1"}) + packed({"b.png": b"2"}))] == ["a.png", "b.png"]


def test_members_global_header_is_ignored() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", pax_headers={"path": "x.png", "size": "9"}) as made:
        made.addfile(member("a.png", size=1), io.BytesIO(b"a"))
    assert found(file.getvalue()) == [("a.png", b"a", "")]


def test_members_signed_checksum_is_accepted() -> None:
    block = bytearray(header(path=b"\xe9.png\0"))
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(memoryview(bytes(block)).cast("b"))
    assert len(found(bytes(block) + END)) == 1


def pax(records: bytes) -> bytes:
    """Return a member with these records in its extended header."""
    size = b"%011o\0" % len(records)
    return header("x", kind=b"x", size=size) + records.ljust(-(-len(records) // 512) * 512, b"\0") + header() + END


WHOLE = packed({"a.png": b"x" * 2000, "b.png": b"y" * 2000})


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "cut short"),
        (b"no tar", "cut short"),
        (b"no tar" * 1000, "not a tar file"),
        (gzip.compress(WHOLE + random.Random(1).randbytes(2000)), "not a tar file"),
        (WHOLE[:100], "cut short"),
        (WHOLE[:1000], "'a.png'"),
        (WHOLE[:2600], "cut short"),
        (WHOLE[:2560], "end-of-archive"),
        (WHOLE[:4000], "'b.png'"),
        (WHOLE[:2560] + b"x" * 2000, "byte 2560"),
        (header(size=b"\x80" + b"\x7f" * 11) + END, "'a.png'"),
        (header(size=b"77777777777\0") + END, "'a.png'"),
        (header(size=b"\xff" * 12) + END, "not a tar file"),
        (header(size=b"-0000000001\0") + END, "not a tar file"),
        (header(size=b"89\0") + END, "not a tar file"),
        (header("x", kind=b"x", size=b"\x80" + b"\x7f" * 11) + END, "extended headers"),
        (header("x", kind=b"L", size=b"77777777777\0") + END, "extended headers"),
        (header("x", kind=b"K", size=b"00000001000\0") * 3000 + END, "extended headers"),
        (header("x", kind=b"x", size=b"00000001000\0") + END, "not a tar file"),
        (header("x", kind=b"L"), "cut short"),
        (pax(b"12 size=-01\n"), "not a tar file"),
        (pax(b"9 size=1\n" * 2 + b"no record"), "not a tar file"),
        (pax(b"0 path=\n"), "not a tar file"),
        (pax(b"9999999 path=a\n"), "not a tar file"),
    ],
)
def test_scan_damaged_file_is_refused(data: bytes, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        list(tar.scan(blocks(data), offset=0, row=1, target=1000))


@pytest.mark.parametrize("seed", range(20))
def test_members_of_random_damage_are_read_or_refused(seed: int) -> None:
    chosen = random.Random(seed)
    data = bytearray(packed({f"{number}/" * 60 + "ü.png": b"x" * number for number in range(0, 2000, 300)}))
    for _ in range(200):
        broken = data.copy()
        for _ in range(chosen.randrange(1, 4)):
            broken[chosen.randrange(len(data))] = chosen.randrange(256)
        for complete in (True, False):
            try:
                rows = list(tar.members(blocks(bytes(broken)), complete=complete))
            except InvalidInput:
                continue
            assert all(0 <= row.start < row.data <= row.end for row in rows)


def test_scan_resumed_at_any_span_gives_same_spans() -> None:
    names = [f"{number}{suffix}" for number in range(60) for suffix in (".png", ".json")]
    data = packed({name: b"x" * (37 * number % 3000) for number, name in enumerate(names)})
    spans = list(tar.scan(blocks(data), offset=0, row=1, target=8000))
    assert [span.first for span in spans] == [1 + sum(each.rows for each in spans[:at]) for at in range(len(spans))]
    assert sum(span.rows for span in spans) == 60
    assert all(span.end - span.start <= 8000 for span in spans)
    for at, span in enumerate(spans, start=1):
        rest = tar.scan(blocks(data[span.end :], 700), offset=span.end, row=span.first + span.rows, target=8000)
        assert list(rest) == spans[at:]
        inside = list(tar.members([data[span.start : span.end]], complete=False))
        assert len(inside) == span.rows


def test_scan_spans_have_few_rows_and_leave_large_files_out() -> None:
    data = packed(
        [("a.png", b"x"), ("a.bin", bytes(50_000)), ("b.png", b"x"), ("c.png", bytes(50_000)), ("d.png", b"")]
    )
    spans = list(tar.scan(blocks(data), offset=0, row=1, target=10_000))
    assert [(span.first, span.rows) for span in spans] == [(1, 1), (2, 1), (3, 1), (4, 1)]
    assert [span.end - span.start < 2_000 for span in spans] == [True, True, False, True]
    many = packed((f"{number}.png", b"") for number in range(tar.MOST_ROWS + 1))
    spans = list(tar.scan(blocks(many), offset=0, row=5, target=10**9))
    assert spans == [
        Span(0, tar.MOST_ROWS * 512, 5, tar.MOST_ROWS),
        Span(tar.MOST_ROWS * 512, (tar.MOST_ROWS + 1) * 512, 5 + tar.MOST_ROWS, 1),
    ]


def test_scan_of_many_members_takes_constant_memory() -> None:
    block, times = header() * 1024, 50
    stream = (block if number < times else END for number in range(times + 1))
    tracemalloc.start()
    rows = sum(span.rows for span in tar.scan(stream, offset=0, row=1, target=10**9))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (rows, peak < 2 * len(block)) == (1024 * times, True)
