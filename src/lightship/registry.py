"""Versions of models under their names: ``<name>/<version>/`` in a store, versions counted from 1."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path

from lightship.bundle import Bundle
from lightship.errors import NotFound, RegistryError
from lightship.stores.folder import FolderStore

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_VERSION = re.compile(r"[1-9][0-9]{0,17}")


def check_name(name: str) -> str:
    """Return a model's name; raises RegistryError where it could not be part of a URL and of a path."""
    if not _NAME.fullmatch(name):
        raise RegistryError(
            f"{name[:80]!r} cannot be a model's name: use up to 64 letters, digits, '-', '_' and '.', a letter or "
            "digit first"
        )
    return name


class Registry:
    """The models of one registry. ``location`` is a folder."""

    def __init__(self, location: str) -> None:
        if "://" in location:
            raise RegistryError(f"the registry {location!r} is not a folder: folders are what this version can read")
        self.location = location
        self._store = FolderStore(Path(location))

    def models(self) -> list[str]:
        """Names of the models that have at least one version."""
        return [name for name in self._store.list() if _NAME.fullmatch(name) and self.versions(name)]

    def versions(self, name: str) -> list[int]:
        """A model's version numbers, ascending; empty where there is no such model."""
        if not _NAME.fullmatch(name):
            return []
        return sorted(int(entry) for entry in self._store.list(name) if _VERSION.fullmatch(entry))

    def labels(self, name: str) -> dict[str, int]:
        """Version numbers by label."""
        return {}

    def resolve(self, name: str, version: int | None = None, label: str | None = None) -> int:
        """The version asked for by number or label, or the newest; raises NotFound that says what there is."""
        versions = self.versions(name)
        if not versions:
            known = ", ".join(self.models()) or "none"
            raise NotFound(f"there is no model '{name[:80]}': the models are {known}")
        if label is not None:
            labels = self.labels(name)
            if label not in labels:
                raise NotFound(f"model '{name}' has no label '{label[:80]}': it has {', '.join(labels) or 'none'}")
            return labels[label]
        if version is not None and version not in versions:
            raise NotFound(f"model '{name}' has no version {version}: it has {', '.join(map(str, versions))}")
        return version or versions[-1]

    def open(self, name: str, version: int | None = None) -> Bundle:
        """The verified bundle of a version, or of the newest; raises NotFound or BundleError."""
        return Bundle.open(self._store.path(f"{name}/{self.resolve(name, version)}"))

    def staging(self) -> AbstractContextManager[Path]:
        """A private folder to build a bundle in, removed at the end unless it was published."""
        return self._store.staging()

    def publish(self, name: str, folder: Path) -> int:
        """Make a staged bundle the next version of a model; returns its number. Two at once get two numbers."""
        check_name(name)
        Bundle.open(folder)
        while True:
            version = (self.versions(name) or [0])[-1] + 1
            if self._store.publish(folder, f"{name}/{version}"):
                return version
