"""Tar files into which the images of a folder are packed."""

from __future__ import annotations

import io
import tarfile

import pytest

from lightship.cli.bucket import packing
from lightship.cli.bucket.packing import Member, Pack

NAMES = ["a.png", "b/" * 100 + "b.png", "ü.png", "é" * 300 + ".png"]


def written(pack: Pack) -> bytes:
    target = io.BytesIO()
    pack.write(target, lambda name: io.BytesIO(name.encode()))
    return target.getvalue()


def members(names: list[str]) -> list[Member]:
    return [Member(name, len(name.encode())) for name in names]


def test_pack_written_is_read_by_tarfile_and_has_expected_size() -> None:
    (pack,) = packing.pack(members(NAMES))
    data = written(pack)
    assert len(data) == pack.size
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {info.name: tar.extractfile(info).read() for info in tar}
    assert found == {name: name.encode() for name in NAMES}


def test_pack_many_members_are_several_files_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MOST_MEMBERS", 3)
    names = [f"{number}.png" for number in range(8)]
    packs = list(packing.pack(members(names)))
    assert [len(pack.members) for pack in packs] == [3, 3, 2]
    assert [member.name for pack in packs for member in pack.members] == names


def test_pack_many_bytes_are_several_files_and_larger_image_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MOST_BYTES", 10_000)
    sizes = [3000, 3000, 3000, 50_000, 100]
    packs = list(packing.pack(Member(f"{number}.png", size) for number, size in enumerate(sizes)))
    assert [[member.size for member in pack.members] for pack in packs] == [[3000, 3000], [3000], [50_000], [100]]


def test_pack_nothing_is_no_file() -> None:
    assert list(packing.pack([])) == []


def test_pack_short_file_is_refused() -> None:
    (pack,) = packing.pack([Member("a.png", 10)])
    with pytest.raises(OSError, match="end of data"):
        written(pack)
