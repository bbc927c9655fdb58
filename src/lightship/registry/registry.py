"""The registry: versions of models and their state, in a store.

A version is the folder ``<name>/<version>/``; versions are counted from 1.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightship.errors import (
    BundleError,
    LightshipError,
    NotFound,
    RegistryError,
    RoutingConflict,
    StateError,
    UnknownLabel,
    UnreadableFile,
)
from lightship.registry.description import MANIFEST
from lightship.registry.index import IndexedModel
from lightship.registry.index_file import IndexFile
from lightship.registry.state import State
from lightship.settings import DEFAULT_CACHE, CacheSettings
from lightship.stores import open_store

if TYPE_CHECKING:  # bundles need numpy, which small functions that use this package do not have
    from lightship.bundle import Bundle, Manifest

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_VERSION = re.compile(r"[1-9][0-9]{0,17}")
_ATTEMPTS = 50


def check_name(name: str) -> str:
    """Return a model's name; raises RegistryError if it does not fit URLs and paths."""
    if not _NAME.fullmatch(name):
        raise RegistryError(
            f"{name[:80]!r} is not a model name: use up to 64 characters of A-Z, a-z, 0-9, '-', '_' and '.', a "
            "letter or digit first"
        )
    return name


class Registry:
    """Registry of models.

    Attributes:
        index: the states of all models in one file, in a store that has it.

    Args:
        location: a folder, or ``s3://bucket/prefix``.
        cache: the local cache of versions from S3.
    """

    def __init__(self, location: str, *, cache: CacheSettings = DEFAULT_CACHE) -> None:
        self.location = location
        self._store = open_store(location, cache=cache)
        self.index = IndexFile(self._store, self.read_state, self._describe)

    def models(self) -> list[str]:
        """Return the models with a version that takes requests, or an unreadable state."""
        return list(self.listed())

    def listed(self) -> dict[str, IndexedModel | None]:
        """Return :meth:`models`, with each model in the index."""
        names, indexed = self.names(), self.index.read().models()
        return {name: indexed.get(name) for name in names if self._has_versions(name, indexed.get(name))}

    def names(self) -> list[str]:
        """Return names of possible models: some may hold only a publisher's first claim."""
        return [name for name in self._store.list() if _NAME.fullmatch(name)]

    def versions(self, name: str) -> list[int]:
        """Return the versions that take requests, ascending; empty without the model."""
        return list(self.state(name).offered)

    def state(self, name: str) -> State:
        """Return a model's versions and routing; an empty state without the model."""
        return self.read_state(name)[0]

    def existing_state(self, name: str) -> State:
        """Return a model's versions and routing; raises NotFound without the model."""
        state = self.state(name)
        if not state.versions:
            raise self._unknown(name)
        return state

    def read_state(self, name: str) -> tuple[State, str | None]:
        """Return the state and its etag, for :meth:`state_changed`.

        The etag is None for a model without a state file; its versions are then the folders with a manifest. Raises
        StateError where the state file is malformed or unreadable, RegistryError where the store does not respond.
        """
        if not _NAME.fullmatch(name):
            return State(), None
        try:
            return self._read_state(name)
        except UnreadableFile as error:
            raise StateError(error.message, detail=error.detail) from None

    def _read_state(self, name: str) -> tuple[State, str | None]:
        stored = self._store.read(f"{name}/state.json")
        if stored is None:
            published = (version for version in self._numbers(name) if self._store.read(f"{name}/{version}/{MANIFEST}"))
            return State(versions=tuple(published)), None
        return State.from_bytes(stored[0], f"{name}/state.json"), stored[1]

    def state_changed(self, name: str, etag: str | None) -> bool:
        """Return whether a model's state has another etag, by a conditional request.

        True where ``etag`` is None or the file is unreadable: the state must be read.
        """
        try:
            return etag is None or self._store.changed(f"{name}/state.json", etag)
        except UnreadableFile:
            return True

    def change(self, name: str, change: Callable[[State], State]) -> State:
        """Change a model's state by compare-and-swap, and return the new state.

        ``change`` may be called several times; nothing is written where it returns its argument. Raises NotFound
        without the model, RoutingConflict where other writers win every attempt.
        """
        return self._change(name, change)

    def _change(self, name: str, change: Callable[[State], State], *, published: bool = False) -> State:
        with self.index.changing(name, published=published) as pending:
            for _ in range(_ATTEMPTS):
                state, etag = self.read_state(name)
                if not state.versions:
                    raise self._unknown(name)
                changed = change(state)
                if changed is state:
                    return state
                pending.begin()
                if self._store.write(f"{name}/state.json", changed.to_bytes(), if_match=etag):
                    if changed != state or etag is None:
                        pending.written()
                    return changed
        raise RoutingConflict(f"other writers changed the state of '{name}' during all {_ATTEMPTS} attempts: try again")

    def resolve(self, name: str, version: int | None = None, label: str | None = None) -> int:
        """Return the version by number or label, or the default version.

        Raises NotFound, which names the existing versions, labels or models.
        """
        state = self.state(name)
        default = state.default
        if default is None:
            raise self._unknown(name)
        return choose(name, state, version, label) or default

    def open(self, name: str, version: int | None = None) -> Bundle:
        """Return the verified bundle of a version, or of the default version.

        Raises NotFound or BundleError.
        """
        return self.bundle(name, self.resolve(name, version))

    def bundle(self, name: str, version: int) -> Bundle:
        """Return the verified bundle of a version, also of a withdrawn one.

        Files that no prediction needs are downloaded and verified at their first use. A corrupt local copy is
        downloaded once more. Raises NotFound or BundleError.
        """
        from lightship.bundle import Bundle
        from lightship.bundle.extras import Extras

        key = f"{name}/{version}"
        try:
            bundle = Bundle.open(self._store.path(key), display_name=key, needed_only=True)
        except BundleError:
            renewed = self._store.renew(key)
            if renewed is None:
                raise
            bundle = Bundle.open(renewed, display_name=key, needed_only=True)
        return bundle._replace(extras=Extras(partial(self.file, name, version)))

    def file(self, name: str, version: int, file: str, digest: str) -> Path:
        """Return the local path of one file of a version; raises as ``Store.file``."""
        return self._store.file(f"{name}/{version}/{file}", digest)

    def manifest(self, name: str, version: int) -> tuple[Manifest, str]:
        """Return a version's manifest and its digest, without verifying the other files.

        Raises NotFound, BundleError or RegistryError.
        """
        from lightship.bundle import Manifest

        stored = self._store.read(f"{name}/{version}/{MANIFEST}")
        if stored is None:
            raise NotFound(f"there is no {name}/{version}/{MANIFEST}")
        return Manifest.from_bytes(stored[0]), hashlib.sha256(stored[0]).hexdigest()

    def sizes(self, name: str, version: int) -> Mapping[str, int]:
        """Return the bytes of a version's files, by their paths in the bundle."""
        return self._store.sizes(f"{name}/{version}")

    def report(self, name: str, version: int) -> dict[str, Any]:
        """Return a version's report.json.

        Raises NotFound where the bundle has none, BundleError or RegistryError.
        """
        from lightship.bundle import REPORT

        expected = self.manifest(name, version)[0].files.get(REPORT)
        key = f"{name}/{version}/{REPORT}"
        stored = self._store.read(key) if expected else None
        if stored is None:
            raise NotFound(f"{name} version {version} has no report: `lightship compile --data` makes one")
        if hashlib.sha256(stored[0]).hexdigest() != expected:
            raise BundleError(f"{key} is corrupt or was changed: its digest differs from the manifest's")
        return _object(stored[0], key)

    def measurements(self, name: str, version: int) -> dict[str, Any]:
        """Return what was measured when a version was compiled; empty if nothing.

        It is stored beside the bundle, because it differs from one compile to the next. Raises BundleError or
        RegistryError.
        """
        key = _measurements_key(name, version)
        stored = self._store.read(key)
        return {} if stored is None else _object(stored[0], key)

    def write_measurements(self, name: str, version: int, record: Mapping[str, Any]) -> None:
        """Write what was measured of a version, in place of earlier measurements.

        Raises RegistryError where other writers win every attempt.
        """
        key = _measurements_key(name, version)
        for _ in range(_ATTEMPTS):
            stored = self._store.read(key)
            if self._store.write(key, json.dumps(record).encode(), if_match=stored[1] if stored else None):
                return
        raise RegistryError(f"other writers changed {key} during all {_ATTEMPTS} attempts: try again")

    def path(self, name: str, version: int) -> Path:
        """Return the local folder of a version's bundle, not verified."""
        return self._store.path(f"{name}/{version}")

    def link(self, name: str, version: int, file: str, *, seconds: int) -> tuple[str, int] | None:
        """Return a URL of a version's file that expires, and the file's size in bytes.

        Returns None where the registry has no URLs. Raises RegistryError.
        """
        return self._store.link(f"{name}/{version}/{file}", seconds=seconds)

    def staging(self) -> AbstractContextManager[Path]:
        """Create a private local folder to build a bundle in; it is removed at the end."""
        return self._store.staging()

    def publish(self, name: str, bundle: Bundle) -> int:
        """Publish a staged bundle as the next version of a model and return its number.

        Concurrent publishers get different numbers. Raises RegistryError.
        """
        check_name(name)
        version = max((*self.state(name).versions, *self._numbers(name)), default=0) + 1
        while not self._store.publish(bundle.path, f"{name}/{version}"):
            version += 1
        added = partial(_with_version, version=version)
        self._change(name, added, published=True)
        return version

    def _has_versions(self, name: str, indexed: IndexedModel | None) -> bool:
        try:
            return bool(self.versions(name) if indexed is None else indexed.state.offered)
        except StateError:
            return True

    def _numbers(self, name: str) -> tuple[int, ...]:
        """Return the numbers in use, including claims of publishers that did not finish."""
        return tuple(sorted(int(entry) for entry in self._store.list(name) if _VERSION.fullmatch(entry)))

    def _describe(self, name: str, version: int) -> Mapping[str, Any] | None:
        from lightship.registry.overviews import read_overview  # imported here: servers need none

        try:
            return read_overview(self, name, version)._asdict()
        except LightshipError:
            return None

    def _unknown(self, name: str) -> NotFound:
        models = ", ".join(self.models()) or "none"
        return NotFound(f"there is no model '{name[:80]}': the models are {models}")


def _object(content: bytes, key: str) -> dict[str, Any]:
    """Return a JSON object with finite numbers; raises BundleError for anything else."""
    import orjson  # imported here: small functions do not have it

    try:
        record = orjson.loads(content)
    except orjson.JSONDecodeError:
        record = None
    if not isinstance(record, dict):
        raise BundleError(f"{key} is not a JSON object")
    return record


def _with_version(state: State, *, version: int) -> State:
    return replace(state, versions=tuple(sorted({*state.versions, version})))


def _measurements_key(name: str, version: int) -> str:
    return f"{name}/measurements/{version}.json"


def choose(name: str, state: State, version: int | None, label: str | None) -> int | None:
    """Return the version of a number or label; None without both. Raises NotFound."""
    if label is not None:
        labels = state.routing.labels
        if label not in labels:
            raise UnknownLabel(f"model '{name[:80]}' has no label '{label[:80]}': it has {', '.join(labels) or 'none'}")
        return labels[label]
    if version is not None and version not in state.offered:
        offered = ", ".join(map(str, state.offered)) or "none"
        withdrawn = f", and {version} was withdrawn" if version in state.withdrawn else ""
        raise NotFound(f"model '{name[:80]}' has no version {version}: it has {offered}{withdrawn}")
    return version
