"""Tar files for tests, by the standard library."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping


def packed(files: Mapping[str, bytes] | Iterable[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar file of files in this order; pairs may repeat a name."""
    pairs = files.items() if isinstance(files, Mapping) else files
    return built(*((member(name, size=len(content)), content) for name, content in pairs), form=form)


def built(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar file of members with content."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def member(name: str, *, kind: bytes = tarfile.REGTYPE, size: int = 0, **pax: str) -> tarfile.TarInfo:
    """Return a member of a type, with records of its extended header."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.pax_headers = kind, size, {key.replace("__", "."): value for key, value in pax.items()}
    return info


def header(name: str = "a.png", *, kind: bytes = tarfile.REGTYPE, **fields: bytes) -> bytes:
    """Return the header of an empty member with raw bytes in fields.

    The checksum is right.
    """
    block = bytearray(member(name, kind=kind).tobuf(tarfile.USTAR_FORMAT))
    starts = {"path": 0, "size": 124, "extended": 482}
    for field, value in fields.items():
        block[starts[field] : starts[field] + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)
