"""Check of the folder that the child process wrote, before anything is opened.

A model's code may have written it. The child process has ended, so the folder no longer changes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from lightship.bundle import DEVICE, EXPLAIN, MODEL, Bundle
from lightship.bundle.device import DeviceModel
from lightship.compiler.verification import report_file
from lightship.errors import BundleError, LightshipError, SourceRefused
from lightship.explain.compiled import Gradient

T = TypeVar("T")

_MOST_FILES = 10_000


def verify(folder: Path, *, sandbox: str, largest: int, transform: str | None = None) -> Bundle:
    """Return the bundle in a folder of plain files, of ``largest`` bytes at most.

    Raises SourceRefused where the folder holds more, links or devices, the bundle does not verify, or its manifest has
    another proof of confinement than ``sandbox``, another transform than ``transform``, the one of model.yaml, or a
    gradient or a file for devices that the folder lacks.
    """
    total = 0
    for number, size in enumerate(_sizes(folder)):
        total += size
        if number >= _MOST_FILES or total > largest:
            raise SourceRefused(f"compiling this model wrote more than {_MOST_FILES} files or {largest} bytes")
    try:
        bundle = Bundle.open(folder)
    except LightshipError as error:
        raise SourceRefused("compiling this model wrote a bundle that does not verify", detail=error.message) from None
    if bundle.manifest.sandbox != sandbox:
        raise SourceRefused("compiling this model wrote a bundle whose manifest records another sandbox")
    _check_gradient(bundle)
    _check_device(bundle)
    used = bundle.manifest.transform
    if (used and used.name) != transform:
        raise SourceRefused("compiling this model wrote a bundle that names another transform than model.yaml")
    report_file.check(bundle)
    return bundle


def _check_gradient(bundle: Bundle) -> None:
    """Raise SourceRefused unless the manifest's entry and the folder agree."""
    gradient = _entry(Gradient.from_json, bundle.manifest.explain)
    if (EXPLAIN in bundle.manifest.files) == bool(gradient.reason):
        raise SourceRefused(f"compiling this model wrote a bundle whose manifest and {EXPLAIN} contradict each other")


def _check_device(bundle: Bundle) -> None:
    """Raise SourceRefused unless the manifest's entry and the folder agree."""
    device = _entry(DeviceModel.from_json, bundle.manifest.device)
    listed = {name for name in (DEVICE, MODEL) if name in bundle.manifest.files}
    if (DEVICE in listed) != (device.file == DEVICE) or device.file not in {"", *listed}:
        raise SourceRefused(f"compiling this model wrote a bundle whose manifest and {DEVICE} contradict each other")


def _entry(read: Callable[[Mapping[str, Any]], T], record: Mapping[str, Any]) -> T:
    """Return an entry of the manifest; raises SourceRefused."""
    try:
        return read(record)
    except BundleError as error:
        raise SourceRefused(
            f"compiling this model wrote a bundle in which {error.message}", detail=error.detail
        ) from None


def _sizes(folder: Path) -> Iterator[int]:
    with os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                yield from _sizes(Path(entry.path))
            elif stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                yield status.st_size
            else:
                raise SourceRefused("compiling this model wrote a link or a device: a bundle holds plain files only")
