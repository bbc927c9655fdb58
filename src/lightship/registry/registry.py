"""Versions of models under their names: ``<name>/<version>/`` in a store, versions counted from 1, and their state."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.errors import BundleError, NotFound, RegistryError, StateError, UnknownLabel
from lightship.registry.description import MANIFEST
from lightship.registry.state import State
from lightship.settings import DEFAULT_CACHE, CacheSettings
from lightship.stores import open_store

if TYPE_CHECKING:  # bundles need numpy: this package is also for functions without it
    from lightship.bundle import Bundle, Manifest
    from lightship.bundle.golden import Golden

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_VERSION = re.compile(r"[1-9][0-9]{0,17}")
_ATTEMPTS = 50


def check_name(name: str) -> str:
    """Return a model's name; raises RegistryError where it could not be part of a URL and of a path."""
    if not _NAME.fullmatch(name):
        raise RegistryError(
            f"{name[:80]!r} cannot be a model's name: use up to 64 letters, digits, '-', '_' and '.', a letter or "
            "digit first"
        )
    return name


class Registry:
    """The models of one registry.

    Args:
        location: a folder, or ``s3://bucket/prefix``.
        cache: where versions from S3 are kept on this disk.
    """

    def __init__(self, location: str, *, cache: CacheSettings = DEFAULT_CACHE) -> None:
        self.location = location
        self._store = open_store(location, cache=cache)

    def models(self) -> list[str]:
        """Names of the models that have at least one version, or a state that cannot be read."""
        return [name for name in self.names() if self._has_versions(name)]

    def names(self) -> list[str]:
        """Names of what may be models: of some, nothing but a publisher's first claim is there."""
        return [name for name in self._store.list() if _NAME.fullmatch(name)]

    def versions(self, name: str) -> list[int]:
        """A model's version numbers that take requests, ascending; empty where there is no such model."""
        return list(self.state(name).offered)

    def state(self, name: str) -> State:
        """A model's versions and routing; an empty state where there is no such model."""
        return self.read_state(name)[0]

    def known_state(self, name: str) -> State:
        """A model's versions and routing; raises NotFound where there is no such model."""
        state = self.state(name)
        if not state.versions:
            raise self._unknown(name)
        return state

    def read_state(self, name: str) -> tuple[State, str | None]:
        """The state with its etag, for :meth:`state_changed`; None for a model without a written state.

        Raises StateError where the state is none, RegistryError where the store does not answer.
        """
        if not _NAME.fullmatch(name):
            return State(), None
        found = self._store.read(f"{name}/state.json")
        if found is None:
            whole = (version for version in self._numbers(name) if self._store.read(f"{name}/{version}/{MANIFEST}"))
            return State(versions=tuple(whole)), None
        return State.from_bytes(found[0], f"{name}/state.json"), found[1]

    def state_changed(self, name: str, etag: str | None) -> bool:
        """Whether a model's state is another one: a conditional request. Without an etag, only reading can tell."""
        return etag is None or self._store.changed(f"{name}/state.json", etag)

    def change(self, name: str, change: Callable[[State], State]) -> State:
        """Change a model's state by compare-and-swap; ``change`` may be called several times. Raises RegistryError.

        Nothing is written where ``change`` returns the state that it was given.
        """
        for _ in range(_ATTEMPTS):
            state, etag = self.read_state(name)
            if not state.versions:
                raise self._unknown(name)
            changed = change(state)
            if changed is state:
                return state
            if self._store.write(f"{name}/state.json", changed.to_bytes(), if_match=etag):
                return changed
        raise RegistryError(f"the state of '{name}' is changed by others all the time: try again")

    def resolve(self, name: str, version: int | None = None, label: str | None = None) -> int:
        """The version asked for by number or label, or the default one; raises NotFound that says what there is."""
        state = self.state(name)
        default = state.default
        if default is None:
            raise self._unknown(name)
        return choose(name, state, version, label) or default

    def open(self, name: str, version: int | None = None) -> Bundle:
        """The verified bundle of a version, or of the default one; raises NotFound or BundleError."""
        return self.bundle(name, self.resolve(name, version))

    def bundle(self, name: str, version: int) -> Bundle:
        """The verified bundle of a version, whether it takes requests or was withdrawn; raises NotFound or BundleError.

        A local copy that went bad is fetched once more.
        """
        from lightship.bundle import Bundle

        key = f"{name}/{version}"
        try:
            return Bundle.open(self._store.path(key), called=key)
        except BundleError:
            renewed = self._store.renew(key)
            if renewed is None:
                raise
            return Bundle.open(renewed, called=key)

    def manifest(self, name: str, version: int) -> tuple[Manifest, str]:
        """What a version says of itself, and its digest: read alone, nothing else is verified.

        Raises NotFound, BundleError or RegistryError.
        """
        from lightship.bundle import Manifest

        found = self._store.read(f"{name}/{version}/{MANIFEST}")
        if found is None:
            raise NotFound(f"there is no {name}/{version}/{MANIFEST}")
        return Manifest.from_bytes(found[0]), hashlib.sha256(found[0]).hexdigest()

    def golden(self, name: str, version: int) -> Golden:
        """A version's recorded calls by signature; raises NotFound, BundleError or RegistryError."""
        from lightship.bundle import GOLDEN
        from lightship.bundle.golden import read_golden  # no request asks

        found = self._store.read(f"{name}/{version}/{GOLDEN}")
        if found is None:
            raise NotFound(f"there is no {name}/{version}/{GOLDEN}")
        return read_golden(io.BytesIO(found[0]))

    def path(self, name: str, version: int) -> Path:
        """A version's bundle as a local folder; not verified."""
        return self._store.path(f"{name}/{version}")

    def staging(self) -> AbstractContextManager[Path]:
        """A private folder to build a bundle in, removed at the end unless it was published."""
        return self._store.staging()

    def publish(self, name: str, bundle: Bundle) -> int:
        """Make a staged bundle the next version of a model; returns its number. Two at once get two numbers."""

        check_name(name)
        version = max((*self.state(name).versions, *self._numbers(name)), default=0) + 1
        while not self._store.publish(bundle.path, f"{name}/{version}"):
            version += 1
        self.change(name, lambda state: replace(state, versions=tuple(sorted({*state.versions, version}))))
        return version

    def _has_versions(self, name: str) -> bool:
        try:
            return bool(self.versions(name))
        except StateError:
            return True

    def _numbers(self, name: str) -> tuple[int, ...]:
        """Numbers that are taken, also by publishers that did not finish."""
        return tuple(sorted(int(entry) for entry in self._store.list(name) if _VERSION.fullmatch(entry)))

    def _unknown(self, name: str) -> NotFound:
        known = ", ".join(self.models()) or "none"
        return NotFound(f"there is no model '{name[:80]}': the models are {known}")


def choose(name: str, state: State, version: int | None, label: str | None) -> int | None:
    """The version that a number or a label means; None where neither is given. Raises NotFound."""
    if label is not None:
        labels = state.routing.labels
        if label not in labels:
            raise UnknownLabel(f"model '{name[:80]}' has no label '{label[:80]}': it has {', '.join(labels) or 'none'}")
        return labels[label]
    if version is not None and version not in state.offered:
        known = ", ".join(map(str, state.offered)) or "none"
        withdrawn = f", and {version} was withdrawn" if version in state.withdrawn else ""
        raise NotFound(f"model '{name[:80]}' has no version {version}: it has {known}{withdrawn}")
    return version
