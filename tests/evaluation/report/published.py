"""Registries with a version that has a report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightship.bundle import REPORT, Bundle, digests, write_manifest
from lightship.registry.registry import Registry


def with_report(
    registry: Path, folder: Path, *, model: str = "pair", content: Any, measurements: Mapping[str, Any] | None = None
) -> Path:
    """Copy a model to another registry, and add a report to its bundle."""
    shutil.copytree(registry / model, folder / model)
    version = Registry(str(folder)).resolve(model)
    path = folder / model / str(version)
    (path / REPORT).write_text(content if isinstance(content, str) else json.dumps(content))
    manifest = Bundle.reopen(path).manifest
    write_manifest(path, manifest._replace(files=digests(path)))
    if measurements is not None:
        beside = folder / model / "measurements"
        beside.mkdir(exist_ok=True)
        (beside / f"{version}.json").write_text(json.dumps(measurements))
    return folder
