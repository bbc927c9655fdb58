"""Cache of registry state with change detection.

Each model's state is read at most once per refresh interval, with a conditional request where it is known already.
While the registry does not answer, the last known state is used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from lightship.bundle import Manifest
from lightship.calls import Call
from lightship.errors import LightshipError, NotFound, RegistryError, StateError
from lightship.registry.registry import Registry
from lightship.registry.state import State

# The most models whose states are read again for one listing.
_READS = 10


class NeverRead(RegistryError):
    """The registry has to be read first, and the caller did not want to."""


@dataclass
class _Entry:
    """The last known state of one model, and the error of the last read."""

    state: State | None
    etag: str | None
    error: RegistryError | None
    expires: float


class RegistryCache:
    """Names and states of a registry's models, and the manifests of their versions. Thread-safe.

    Methods with ``ask`` read the registry where the cached value is due; with ``ask=False`` they answer from the cache
    or raise NeverRead. The first caller that finds a value due reads it, others use the cached one meanwhile.

    Attributes:
        shadowed: whether some model has shadow versions.

    Args:
        registry: where the models are.
        refresh: seconds for which a value is fresh.
    """

    def __init__(self, registry: Registry, refresh: float) -> None:
        self._registry = registry
        self._refresh = refresh
        self._entries: dict[str, _Entry] = {}
        self._manifests: dict[tuple[str, int], tuple[Manifest, str]] = {}
        self._names: tuple[str, ...] | None = None
        self._listed_until = 0.0
        self._answers = True
        self._first = threading.Lock()
        self.shadowed = False

    def fresh(self, name: str) -> State | None:
        """Return a model's state without reading; None where it is unknown or due.

        Raises StateError or RegistryError where it could not be read a moment ago.
        """
        entry = self._entries.get(name)
        if entry is None or time.monotonic() >= entry.expires:
            return None
        return entry.state or _state(entry)

    def state(self, name: str, *, ask: bool = True) -> State:
        """Return a model's state, an empty one where there is no such model. Raises as :meth:`fresh`, or NeverRead."""
        entry = self._entries.get(name)
        if not ask:
            if entry is None:
                raise NeverRead(f"model '{name[:80]}' has never been read")
        elif entry is None:
            return self._read_first(name)
        elif time.monotonic() >= entry.expires:
            entry.expires = time.monotonic() + self._refresh
            self._entries[name] = entry = self._read(name, entry)
        return _state(entry)

    def last(self, name: str) -> State | None:
        """Return a model's state as it was read last, however long ago."""
        entry = self._entries.get(name)
        return None if entry is None else entry.state

    def states(self, *, ask: bool = True) -> Mapping[str, State | RegistryError]:
        """Return the states of all models that take requests, or why a state has never been read.

        Raises RegistryError where the registry has never been listed, NeverRead where ``ask`` would have been needed.
        """
        names = self._known_names(ask=ask)
        found: dict[str, State | RegistryError] = {}
        due = self._due() if ask and self._answers else frozenset()
        for name in names:
            cached = name in self._entries and name not in due
            try:
                state = self.state(name, ask=ask and not cached)
            except NeverRead:
                raise
            except RegistryError as error:
                found[name] = error
            else:
                found.update({name: state} if state.offered else {})
        return found

    def names(self) -> tuple[str, ...]:
        """Return the names of :meth:`states`."""
        return tuple(self.states())

    def state_error(self, name: str) -> StateError | None:
        """Return why a model's state is no longer readable, although an earlier one is known."""
        entry = self._entries.get(name)
        return entry.error if entry is not None and isinstance(entry.error, StateError) else None

    def manifest(self, name: str, version: int, *, ask: bool = True) -> tuple[Manifest, str]:
        """Return a version's manifest and digest, which never change and are read once.

        Raises NotFound, BundleError, RegistryError or NeverRead.
        """
        key = name, version
        if key not in self._manifests:
            if not ask:
                raise NeverRead(f"the manifest of {name}/{version} has never been read")
            self._manifests[key] = self._registry.manifest(name, version)
        return self._manifests[key]

    def example(self, name: str, version: int, signature: str) -> Call | None:
        """Return a recorded call of a signature, read from the registry; None where there is none."""
        try:
            return Call(self._registry.golden(name, version)[signature][0])
        except (LightshipError, KeyError):
            return None

    def not_found(self, name: str, *, ask: bool = True) -> NotFound:
        """Return the error for a model that does not exist; it lists those that do."""
        names = [known for known in self._known_names(ask=ask) if self._may_answer(known)]
        return NotFound(f"there is no model '{name[:80]}': the models are {', '.join(names) or 'none'}")

    def expire(self, name: str) -> None:
        """Make a model's state due."""
        if (entry := self._entries.get(name)) is not None:
            entry.expires = 0.0

    def _read_first(self, name: str) -> State:
        with self._first:
            entry = self._entries.get(name)
            if entry is None:
                if self._names is not None and time.monotonic() < self._listed_until and name not in self._names:
                    return State()
                entry = self._read(name, _Entry(None, None, None, 0.0))
                if entry.state != State() and (entry.error is None or isinstance(entry.error, StateError)):
                    self._entries[name] = entry  # only models that exist: clients can make up any number of names
            return _state(entry)

    def _read(self, name: str, known: _Entry) -> _Entry:
        state, etag = known.state, known.etag
        error: RegistryError | None = None
        try:
            if self._registry.state_changed(name, etag):
                state, etag = self._registry.read_state(name)
        except RegistryError as failure:
            error = failure
        self.shadowed |= state is not None and bool(state.routing.shadows)
        return _Entry(state, etag, error, time.monotonic() + self._refresh)

    def _due(self) -> frozenset[str]:
        """Return the due models that were read longest ago, at most :data:`_READS`."""
        now = time.monotonic()
        due = sorted((entry.expires, name) for name, entry in self._entries.items() if now >= entry.expires)
        return frozenset(name for _, name in due[:_READS])

    def _may_answer(self, name: str) -> bool:
        """Return whether a model takes requests, as far as the cache knows."""
        entry = self._entries.get(name)
        return entry is None or entry.state is None or bool(entry.state.offered)

    def _known_names(self, *, ask: bool) -> tuple[str, ...]:
        if ask and (self._names is None or time.monotonic() >= self._listed_until):
            self._list()
        if self._names is None:
            raise NeverRead("the registry has never been listed")
        return self._names

    def _list(self) -> None:
        self._listed_until = time.monotonic() + self._refresh
        try:
            self._names, self._answers = tuple(self._registry.names()), True
        except RegistryError:
            if self._names is None:
                raise
            self._answers = False
        self._listed_until = time.monotonic() + self._refresh


def _state(entry: _Entry) -> State:
    if entry.state is None:
        assert entry.error is not None  # noqa: S101 - a read has a state or an error
        raise entry.error.with_traceback(None)  # raised many times, it would collect every traceback
    return entry.state
