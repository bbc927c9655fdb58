from __future__ import annotations

import gzip
import io
import re
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from lightship.compiler.sources import archives
from lightship.errors import SourceRefused


def make_zip(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(bytes(member.size)))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, target
    return info


def test_unpack_zip_and_tar_returns_files(tmp_path: Path) -> None:
    archives.unpack(make_zip(tmp_path / "a.zip", **{"d/f": b"1", "g": b"2"}), tmp_path / "zip")
    assert (tmp_path / "zip/d/f").read_bytes() == b"1"
    tar = make_tar(
        tmp_path / "a.tgz", member(".", tarfile.DIRTYPE), member("./d", tarfile.DIRTYPE), member("./d/f", size=3)
    )
    archives.unpack(tar, tmp_path / "tar")
    assert (tmp_path / "tar/d/f").read_bytes() == bytes(3)


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../up", "a\\b", "C:/x"])
def test_unpack_path_outside_folder_is_refused(tmp_path: Path, name: str) -> None:
    for path in (make_zip(tmp_path / "a.zip", **{name: b"x"}), make_tar(tmp_path / "a.tgz", member(name))):
        with pytest.raises(SourceRefused, match=re.escape(repr(name))):
            archives.unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_unpack_link_or_device_is_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(SourceRefused, match="'x'"):
        archives.unpack(make_tar(tmp_path / "a.tgz", member("x", kind, target="/etc/passwd")), tmp_path / "out")


def test_zip_entries_symbolic_link_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(SourceRefused, match="'link'"):
        archives.zip_entries(tmp_path / "a.zip")


def test_unpack_duplicate_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="'x'"):
        archives.unpack(make_tar(tmp_path / "a.tgz", member("x"), member("./x")), tmp_path / "out")


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a//b", "a/b"), ("d/a", "d/a/b/c")])
def test_unpack_file_in_place_of_folder_is_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    path = make_zip(tmp_path / "a.zip", **dict.fromkeys(names, b"x"))
    with pytest.raises(SourceRefused, match=r"'\S*a\S*'"):
        archives.unpack(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unpack_decompression_bomb_is_refused(tmp_path: Path) -> None:
    bomb = bytes(archives.RATIO_FLOOR + 1)
    for path in (
        make_zip(tmp_path / "a.zip", bomb=bomb),
        make_tar(tmp_path / "a.tgz", member("bomb", size=len(bomb))),
    ):
        with pytest.raises(SourceRefused, match="16777217"):
            archives.unpack(path, tmp_path / "out")


def test_unpack_tar_with_huge_extended_header_is_refused_uninflated(tmp_path: Path) -> None:
    """Unpack a compressed pax header of 200 MB; tarfile would read all of it.

    A header of 3 GB, compressed to 3 MB, took 157 seconds.
    """
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 200 * 1024**2
    path = tmp_path / "a.tgz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(200):
            file.write(bytes(1024**2))
    tracemalloc.start()
    with pytest.raises(SourceRefused, match=f"{path.stat().st_size} bytes"):
        archives.unpack(path, tmp_path / "out")
    assert tracemalloc.get_traced_memory()[1] < 100 * 1024**2
    tracemalloc.stop()


@pytest.mark.parametrize("name", [".", "./", "./."])
def test_zip_entry_without_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceRefused, match=re.escape(repr(name))):
        archives.unpack(make_zip(tmp_path / "a.zip", **{name: b"x"}), tmp_path / "out")


def test_unpack_zip_with_unsupported_compression_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", x=bytes(1000))
    data = bytearray(path.read_bytes())
    for header, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):  # of an entry, and in the list of entries
        at = data.index(header) + offset
        data[at : at + 2] = (97).to_bytes(2, "little")  # WavPack
    path.write_bytes(data)
    with pytest.raises(SourceRefused, match=r"a\.zip"):
        archives.unpack(path, tmp_path / "out")


def test_unpack_zip_with_wrong_declared_size_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", x=bytes(1000))
    data = path.read_bytes()
    path.write_bytes(data.replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(SourceRefused, match=r"a\.zip"):
        archives.unpack(path, tmp_path / "out")


def test_check_entries_over_limit_is_refused() -> None:
    entries = (archives.Entry(str(number), 0, plain=True, folder=False) for number in range(archives.ENTRIES_LIMIT + 1))
    with pytest.raises(SourceRefused, match="10000"):
        archives.check_entries("a.zip", entries, 1)


def test_unpack_truncated_archive_is_refused(tmp_path: Path) -> None:
    tar = make_tar(tmp_path / "a.tgz", member("x", size=100_000))
    tar.write_bytes(tar.read_bytes()[:60])
    with pytest.raises(SourceRefused, match=r"a\.tgz"):
        archives.unpack(tar, tmp_path / "out")


def test_read_entry_over_limit_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", config=bytes(100))
    assert archives.read_entry(path, "config", 100) == bytes(100)
    with pytest.raises(SourceRefused, match="config.*99"):
        archives.read_entry(path, "config", 99)
    with pytest.raises(SourceRefused, match="nothing"):
        archives.read_entry(path, "nothing", 99)
