"""Checks of an HDF5 file without reading its data: links, external storage, sizes.

HDF5 can refer to other files on the machine, and can declare a dataset of terabytes in a kilobyte (CVE-2026-0897,
-1669). h5py itself parses hostile input, so this runs in the sandboxed child.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from lightship.compiler import limits
from lightship.errors import SourceRefused

MAX_OBJECTS = 100_000
# Deflate reaches at most 1032:1; compressed weights rarely reach 2:1.
RATIO_LIMIT = 1032
FILTERS = frozenset({"gzip", "lzf", None})


def check_tree(path: Path, label: str, *, max_objects: int = MAX_OBJECTS) -> None:
    """Check the links and datasets of a file; raises SourceRefused.

    Refused are files that refer to other files or declare more data than they hold.
    """
    total = 0
    with open_file(path, label) as file:
        for name, dataset in _datasets(file, label, max_objects):
            _check_dataset(dataset, f"{label} is refused: its dataset '{name}'", path.stat().st_size)
            total += dataset.nbytes
    limits.check_size(label, total)


def open_file(path: Path, label: str) -> Any:
    """Return an open ``h5py.File``.

    Raises SourceRefused where the file is not HDF5 or is truncated.
    """
    try:
        return h5py.File(path, "r")
    except (OSError, RuntimeError) as error:
        reason = "it is truncated" if "truncated" in str(error) else "HDF5 cannot read it"
        raise SourceRefused(f"{label} is broken: {reason}") from None


def attribute(path: Path, label: str, name: str) -> str | None:
    """Return a text attribute of the file's root; None if it is missing.

    Raises SourceRefused where it cannot be read.
    """
    with open_file(path, label) as file:
        try:
            value = file.attrs.get(name)
        except (OSError, RuntimeError, TypeError, ValueError):
            raise SourceRefused(f"{label} is broken: its attribute '{name}' cannot be read") from None
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    return value if isinstance(value, str) else None


def names(path: Path, label: str) -> frozenset[str]:
    """Return the names of the root's entries and attributes; raises SourceRefused."""
    with open_file(path, label) as file:
        return frozenset([*file, *file.attrs])


def _datasets(file: Any, label: str, max_objects: int) -> Iterator[tuple[str, Any]]:
    """Yield each dataset once, even if several hard links refer to it."""
    pending, seen = [("", file)], {_address(file)}
    while pending:
        prefix, group = pending.pop()
        for key in group:
            name = f"{prefix}/{key}"
            _check_link(group.get(key, getlink=True), f"{label} is refused: '{name}'")
            item = _item(group, key, label, name)
            if _address(item) in seen:
                continue
            seen.add(_address(item))
            if len(seen) > max_objects:
                raise SourceRefused(f"{label} is refused: it holds more than {max_objects} objects")
            if isinstance(item, h5py.Group):
                pending.append((name, item))
            elif isinstance(item, h5py.Dataset):
                yield name, item


def _item(group: Any, key: str, label: str, name: str) -> Any:
    try:
        return group[key]
    except (KeyError, OSError, RuntimeError, ValueError):
        raise SourceRefused(f"{label} is broken: its entry '{name}' cannot be read") from None


def _address(item: Any) -> Any:
    return h5py.h5o.get_info(item.id).addr


def _check_link(link: Any, prefix: str) -> None:
    if isinstance(link, h5py.ExternalLink):
        raise SourceRefused(f"{prefix} is a link to the file '{link.filename}'")
    if not isinstance(link, h5py.HardLink):
        raise SourceRefused(f"{prefix} is a soft link, which no Keras file needs")


def _check_dataset(dataset: Any, prefix: str, file_size: int) -> None:
    if dataset.external:
        raise SourceRefused(f"{prefix} is stored in the other file '{dataset.external[0][0]}'")
    if dataset.is_virtual:
        raise SourceRefused(f"{prefix} is virtual: its data is in other files")
    if dataset.compression not in FILTERS:
        raise SourceRefused(f"{prefix} is compressed with '{dataset.compression}', which would load a plug-in")
    held = dataset.id.get_storage_size()
    most = held * RATIO_LIMIT if dataset.compression else held
    if dataset.nbytes > most or held > file_size:
        raise SourceRefused(f"{prefix} declares {dataset.nbytes} bytes but holds {min(held, file_size)} of them")
