"""Device step, run in a child process: add the file for devices to a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightship.bundle import Bundle, digests, write_manifest
from lightship.bundle.device import DeviceModel
from lightship.compiler import limits
from lightship.compiler.device.making import make
from lightship.compiler.sandbox import Progress

_ENDED = DeviceModel(reason="the process that made the file for devices ended")


def build(record: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Add the file for devices to the bundle in ``record["folder"]``.

    ``record["slow"]`` lifts the time limit. The manifest first gets the reason that holds if this process crashes.
    """
    progress("device", 0.89)
    folder = Path(record["folder"])
    bundle = _write(folder, _ENDED)
    with limits.calls(1, slow=bool(record["slow"])):
        made = make(bundle)
    _write(folder, made)
    return {}


def _write(folder: Path, device: DeviceModel) -> Bundle:
    manifest = Bundle.reopen(folder).manifest
    return write_manifest(folder, manifest._replace(files=digests(folder), device=device.to_json()))
