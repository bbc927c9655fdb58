"""Unpacking of a worker's archive as untrusted input."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.bundle import EXTRAS
from lightship.errors import CompileError
from lightship.handlers.compiling.archive import ANSWER_LIMIT, Archive, InvalidArchive, unpack

ANSWER = b'{"refused": {}}'
LARGE = 1 << 30


def packed(*entries: tarfile.TarInfo, contents: bytes = b"", form: int = tarfile.USTAR_FORMAT) -> bytes:
    """Return an archive with an answer and these entries, with equal contents."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        first = tarfile.TarInfo("answer.json")
        first.size = len(ANSWER)
        archive.addfile(first, io.BytesIO(ANSWER))
        for entry in entries:
            archive.addfile(entry, io.BytesIO(contents))
    return stream.getvalue()


def named(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.type, entry.linkname = size, kind, link
    return entry


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_archive_unpacked_has_packed_files(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    deep = "saved_model/" + "d" * 90 + "/" + "x" * 90
    contents = {
        "manifest.json": b"{}",
        "model.tflite": bytes(range(256)) * 9000,
        **{name: name.encode() for name in EXTRAS},
        deep: b"1" * 512,
        "assets/a": b"2",
    }
    for name, body in contents.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(body)
    target.mkdir()
    made = Archive(ANSWER, source)
    archive = b"".join(made)
    assert len(archive) == made.size
    assert unpack(io.BytesIO(archive), target, limit=made.size) == ANSWER
    assert files(target) == contents


def test_archive_without_bundle_holds_only_answer(tmp_path: Path) -> None:
    archive = b"".join(Archive(ANSWER))
    assert unpack(io.BytesIO(archive), tmp_path, limit=len(archive)) == ANSWER
    assert files(tmp_path) == {}


def test_archive_file_name_too_long_is_refused(tmp_path: Path) -> None:
    (tmp_path / ("x" * 200)).touch()
    with pytest.raises(CompileError):
        list(Archive(ANSWER, tmp_path))


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "not an archive": lambda: b"not an archive " * 100,
    "no entry": lambda: bytes(1024),
    "no answer first": lambda: packed()[1024:] + packed(),
    "truncated header": lambda: packed()[: 1024 + 100],
    "truncated contents": lambda: packed(named("bundle/model.tflite", 4096), contents=bytes(4096))[:3000],
    "broken checksum": lambda: packed().replace(b"answer.json", b"answer.jsoN", 1),
    "symbolic link": lambda: packed(named("bundle/model.tflite", kind=tarfile.SYMTYPE, link="/etc/passwd")),
    "hard link": lambda: packed(named("bundle/model.tflite", kind=tarfile.LNKTYPE, link="answer.json")),
    "folder": lambda: packed(named("bundle/saved_model", kind=tarfile.DIRTYPE)),
    "device": lambda: packed(named("bundle/model.tflite", kind=tarfile.CHRTYPE)),
    "pipe": lambda: packed(named("bundle/model.tflite", kind=tarfile.FIFOTYPE)),
    "pax": lambda: packed(named("bundle/saved_model/" + "ä" * 200), form=tarfile.PAX_FORMAT),
    "gnu long name": lambda: packed(named("bundle/saved_model/" + "x" * 300), form=tarfile.GNU_FORMAT),
    "sparse": lambda: packed(named("bundle/model.tflite", kind=tarfile.GNUTYPE_SPARSE), form=tarfile.GNU_FORMAT),
    "absolute": lambda: packed(named("/etc/passwd")),
    "parent": lambda: packed(named("bundle/saved_model/../../x")),
    "parent of all": lambda: packed(named("../bundle/model.tflite")),
    "dot": lambda: packed(named("bundle/./model.tflite")),
    "double slash": lambda: packed(named("bundle//model.tflite")),
    "not of a bundle": lambda: packed(named("bundle/.claim")),
    "outside": lambda: packed(named("manifest.json")),
    "folder as file": lambda: packed(named("bundle/saved_model")),
    "backslash": lambda: packed(named("bundle/saved_model/a\\b")),
    "line feed": lambda: packed(named("bundle/saved_model/a\nb")),
    "the same twice": lambda: packed(named("bundle/model.tflite"), named("bundle/model.tflite")),
    "a file as folder": lambda: packed(named("bundle/saved_model/a"), named("bundle/saved_model/a/b")),
    "a second answer": lambda: packed(named("answer.json")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_unpack_hostile_archive_is_refused_and_stays_inside(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in" / "folder"
    folder.mkdir(parents=True)
    archive = HOSTILE[name]()
    with pytest.raises(InvalidArchive):
        unpack(io.BytesIO(archive), folder, limit=len(archive))
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and folder not in path.parents]
    assert outside == []


@pytest.mark.parametrize("size", [LARGE, 8**11 - 1, -1])
def test_unpack_entry_larger_than_archive_is_refused_before_reading(tmp_path: Path, size: int) -> None:
    header = named("bundle/model.tflite", size).tobuf(tarfile.GNU_FORMAT)
    archive = b"".join(Archive(ANSWER))[:1024] + header
    with pytest.raises(InvalidArchive):
        unpack(io.BytesIO(archive), tmp_path, limit=len(archive))
    assert files(tmp_path) == {}


def test_unpack_endless_stream_reads_at_most_limit(tmp_path: Path) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, amount: int = -1) -> bytes:
            start = archive[self.given : self.given + amount]
            self.given += amount
            return start + bytes(amount - len(start))

    archive = packed(named("bundle/model.tflite", 1 << 20), contents=bytes(1 << 20))
    endless = Endless()
    with pytest.raises(InvalidArchive):
        unpack(endless, tmp_path, limit=2048)
    assert endless.given <= 2048


def test_unpack_entries_at_limit_are_read_and_above_are_refused(tmp_path: Path) -> None:
    archive = packed(*(named(f"bundle/saved_model/{number}") for number in range(3)))
    with pytest.raises(InvalidArchive, match="3 entries"):
        unpack(io.BytesIO(archive), tmp_path / "three", limit=len(archive), entries_limit=3)
    assert unpack(io.BytesIO(archive), tmp_path / "four", limit=len(archive), entries_limit=4) == ANSWER


def test_unpack_answer_too_large_is_refused(tmp_path: Path) -> None:
    archive = b"".join(Archive(bytes(ANSWER_LIMIT + 1)))
    with pytest.raises(InvalidArchive):
        unpack(io.BytesIO(archive), tmp_path, limit=len(archive))
