"""Pages in use as blocks of an image, by file and by package.

Lambda flattens the layers of an image into one file system and fetches that in blocks of 512 KiB, when they are read
(Brooker et al., "On-demand Container Loading in AWS Lambda", 2023). So small files share blocks with their neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cold.pages import PAGE

BLOCK = 512 * 1024
_PAGES = BLOCK // PAGE


@dataclass(frozen=True)
class File:
    """A file of an image, and the numbers of its pages that were read."""

    package: str
    size: int
    pages: tuple[int, ...]


@dataclass(frozen=True)
class Use:
    """What a start reads of some files: bytes, and blocks of 512 KiB.

    ``packed`` counts the blocks of all files side by side, each from a new page; ``apart`` those of each file alone.
    """

    bytes: int
    packed: int
    apart: int
    files: int


def use(files: Iterable[File]) -> dict[str, Use]:
    """Return the use by package, and the total as ``""``.

    Files are in the image's order. A block with files of several packages counts for each of them, and once in the
    total.
    """
    packed: dict[str, set[int]] = {"": set()}
    apart: dict[str, int] = {"": 0}
    read: dict[str, list[int]] = {"": []}
    start = 0
    for file in files:
        for name in ("", file.package):
            packed.setdefault(name, set()).update((start + page) // _PAGES for page in file.pages)
            apart[name] = apart.get(name, 0) + len({page // _PAGES for page in file.pages})
            read.setdefault(name, []).append(len(file.pages))
        start += -(-file.size // PAGE)
    return {
        name: Use(sum(read[name]) * PAGE, len(packed[name]), apart[name], sum(1 for pages in read[name] if pages))
        for name in packed
    }


def in_order(layer: Path) -> list[Path]:
    """Return the files of a layer in the order of its archive, relative to it."""
    return [path.relative_to(layer) for path in sorted(layer.rglob("*")) if path.is_file() and not path.is_symlink()]
