"""Cache of registry state with change detection.

Each model's state is read at most once per refresh interval, with a conditional request if it is cached. While the
registry does not respond, the cached state is used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lightship.bundle import EXTRAS, GOLDEN, REPORT, Bundle, Manifest
from lightship.bundle.extras import Extras
from lightship.calls import Call, Contents, Figures, Report
from lightship.errors import BundleError, LightshipError, NotFound, RegistryError, StateError
from lightship.overview import Overview
from lightship.registry.registry import Registry
from lightship.registry.state import State
from lightship.serving.listing import Listing, NeverRead

# The most models whose states are read again for one listing.
_READS = 10


@dataclass
class Entry:
    """The cached state of one model, and the error of the last read.

    ``state`` is None where it could never be read; ``expires`` is the time.monotonic() from which it is due.
    """

    state: State | None
    etag: str | None
    error: RegistryError | None
    expires: float


class RegistryCache:
    """Cached names and states of models, and manifests of versions. Thread-safe.

    Methods with ``may_read`` read the registry where the cached value is due (older than ``refresh``); with
    ``may_read=False`` they answer from the cache or raise NeverRead. The first caller that finds a value due reads it,
    others use the cached one meanwhile.

    Attributes:
        entries: the cached states by model, read-only.
        shadowed: whether any model read so far has, or had, shadow versions.

    Args:
        registry: where the models are.
        refresh: seconds for which a value is fresh.
    """

    def __init__(self, registry: Registry, refresh: float) -> None:
        self._registry = registry
        self._refresh = refresh
        self._entries: dict[str, Entry] = {}
        self.entries: Mapping[str, Entry] = MappingProxyType(self._entries)
        self._manifests: dict[tuple[str, int], tuple[Manifest, str]] = {}
        self._figures: dict[tuple[str, int], Figures] = {}
        self._extras: dict[tuple[str, int], Extras] = {}
        self._listing = Listing(registry, refresh)
        self._first_read = threading.Lock()
        self.shadowed = False

    def state(self, name: str, *, may_read: bool = True) -> State:
        """Return a model's state, an empty one where the model does not exist.

        Raises StateError or RegistryError where it could not be read within the refresh interval, or NeverRead.
        """
        entry = self._entries.get(name)
        if not may_read:
            if entry is None:
                raise NeverRead(f"model '{name[:80]}' has never been read")
        elif entry is None:
            return self._read_first(name)
        elif time.monotonic() >= entry.expires:
            entry.expires = time.monotonic() + self._refresh
            self._entries[name] = entry = self._read(name, entry)
        return _state(entry)

    def last(self, name: str) -> State | None:
        """Return a model's cached state, regardless of its age."""
        entry = self._entries.get(name)
        return None if entry is None else entry.state

    def states(self, *, may_read: bool = True) -> Mapping[str, State | RegistryError]:
        """Return the state of each model that takes requests, or its error.

        A model has an error where its state could not be read yet. Raises RegistryError where the registry has never
        been listed, NeverRead where that was not permitted.
        """
        listed_before = self._listing.is_fresh
        names = self._listing.names(may_read=may_read)
        if may_read and not listed_before:
            self._check_next()
        states: dict[str, State | RegistryError] = {}
        due = self._due(names) if may_read and self._listing.is_reachable else frozenset()
        for name in names:
            try:
                state = self._listed(name, name in due, may_read=may_read)
            except NeverRead:
                raise
            except RegistryError as error:
                states[name] = error
            else:
                states.update({name: state} if state.offered else {})
        return states

    def overview(self, name: str, version: int) -> Overview | None:
        """Return the overview of a model's default version from the index, if that has it."""
        indexed = self._listing.indexed(name)
        if indexed is None or indexed.overview is None or indexed.state.default != version:
            return None
        try:
            found = Overview.from_json(indexed.overview)
        except BundleError:
            return None
        return found if found.version == version else None

    def names(self) -> tuple[str, ...]:
        """Return the names of :meth:`states`."""
        return tuple(self.states())

    def state_error(self, name: str) -> StateError | None:
        """Return why a model's state is no longer readable, if an earlier one is cached."""
        entry = self._entries.get(name)
        return entry.error if entry is not None and isinstance(entry.error, StateError) else None

    def manifest(self, name: str, version: int, *, may_read: bool = True) -> tuple[Manifest, str]:
        """Return a version's manifest and digest, which never change and are read once.

        Raises NotFound, BundleError, RegistryError or NeverRead.
        """
        key = name, version
        if key not in self._manifests:
            if not may_read:
                raise NeverRead(f"the manifest of {name}/{version} has never been read")
            self._manifests[key] = self._registry.manifest(name, version)
        return self._manifests[key]

    def figures(self, name: str, version: int, *, bundle: Bundle | None = None, may_read: bool = True) -> Figures:
        """Return a version's size and its report's most important metrics, read once.

        They are those of the index, or of ``bundle``, the version's local files, if there are any. A report that cannot
        be read has no metrics. Raises NotFound, BundleError, RegistryError or NeverRead.
        """
        key = name, version
        if key not in self._figures:
            if (overview := self.overview(name, version)) is not None:
                return Figures(overview.size, overview.metrics)
            if bundle is None and not may_read:
                raise NeverRead(f"the files of {name}/{version} have never been listed")
            self._figures[key] = self._read_figures(name, version) if bundle is None else _local(bundle)
        return self._figures[key]

    def _read_figures(self, name: str, version: int) -> Figures:
        from lightship.registry.overviews import read_figures  # imported here: most requests need no report

        return read_figures(self._registry, name, version, self.manifest(name, version)[0])

    def report(self, name: str, version: int) -> Report:
        """Return the report of a version, read from the registry.

        Raises NotFound where the version has none, BundleError or RegistryError.
        """
        return Report(name, version, self._registry.report(name, version), self._registry.measurements(name, version))

    def contents(self, name: str, version: int) -> Contents:
        """Return the contents of a version; raises NotFound, BundleError or RegistryError."""
        manifest, _ = self.manifest(name, version)
        example = self.example(name, version, manifest.signature().name)
        features: tuple[Mapping[str, Any], ...] = ()
        if REPORT in manifest.files:
            with suppress(BundleError, AttributeError, TypeError):  # a form needs no ranges
                features = tuple((self._registry.report(name, version).get("baseline") or {}).get("features", ()))
        sizes = self._registry.sizes(name, version)
        if manifest.names_files:
            manifest = manifest.located(self._registry.path(name, version))
        return Contents(name, version, manifest, sizes, example.inputs if example else {}, features)

    def file(self, name: str, version: int, file: str, digest: str) -> Path:
        """Return the local path of a version's file; extras are verified first.

        Raises BundleError or RegistryError.
        """
        if file not in EXTRAS:
            return self._registry.path(name, version) / file
        fetched = Extras(partial(self._registry.file, name, version))
        return self._extras.setdefault((name, version), fetched).path(file, digest)

    def link(self, name: str, version: int, file: str, *, seconds: int) -> tuple[str, int] | None:
        """See :meth:`Registry.link`."""
        return self._registry.link(name, version, file, seconds=seconds)

    def example(self, name: str, version: int, signature: str) -> Call | None:
        """Return a recorded call of a signature from the registry; None without one."""
        from lightship.bundle.golden import read_golden  # imported here: predictions need none

        try:
            digest = self.manifest(name, version)[0].files[GOLDEN]
            return Call(read_golden(self._registry.file(name, version, GOLDEN, digest))[signature][0])
        except (LightshipError, KeyError):
            return None

    def not_found(self, name: str, *, may_read: bool = True) -> NotFound:
        """Return the error for a model that does not exist; it lists the others."""
        names = [each for each in self._listing.names(may_read=may_read) if self._may_take_requests(each)]
        return NotFound(f"there is no model '{name[:80]}': the models are {', '.join(names) or 'none'}")

    def expire(self, name: str) -> None:
        """Mark a model's cached state as due."""
        if (entry := self._entries.get(name)) is not None:
            entry.expires = 0.0

    def forget(self) -> None:
        """Forget names and states, so that they are not known until they are read again.

        What never changes, such as manifests, is kept.
        """
        self._entries.clear()
        self._listing = Listing(self._registry, self._refresh)

    def change(self, name: str, change: Callable[[State], State]) -> None:
        """Change a model's state in the registry, and read it again.

        Raises NotFound, RegistryError, and what ``change`` raises.
        """
        self._registry.change(name, change)
        self._entries[name] = self._read(name, self._entries.get(name) or Entry(None, None, None, 0.0))

    def _read_first(self, name: str) -> State:
        with self._first_read:
            entry = self._entries.get(name)
            if entry is None:
                if self._listing.is_fresh and name not in self._listing:
                    return State()
                entry = self._read(name, Entry(None, None, None, 0.0))
                if entry.state != State() and (entry.error is None or isinstance(entry.error, StateError)):
                    self._entries[name] = entry  # only existing models: clients can invent any number of names
            return _state(entry)

    def _read(self, name: str, cached: Entry) -> Entry:
        state, etag = cached.state, cached.etag
        error: RegistryError | None = None
        try:
            if self._registry.state_changed(name, etag):
                state, etag = self._registry.read_state(name)
        except RegistryError as failure:
            error = failure
        self.shadowed |= state is not None and bool(state.routing.shadows)
        return Entry(state, etag, error, time.monotonic() + self._refresh)

    def _listed(self, name: str, is_due: bool, *, may_read: bool) -> State:
        """Return a model's state from the index, unless its own file differs."""
        indexed, entry = self._listing.indexed(name), self._entries.get(name)
        if indexed is not None and (entry is None or entry.etag == indexed.etag):
            return indexed.state
        if entry is None or is_due:
            return self.state(name, may_read=may_read)
        is_older = self._listing.is_reachable and time.monotonic() >= entry.expires
        return indexed.state if indexed is not None and is_older else self.state(name, may_read=False)

    def _due(self, names: Iterable[str]) -> frozenset[str]:
        """Return the due models that were read longest ago, at most :data:`_READS`.

        Those whose cached state is that of the index are not due.
        """
        now, due = time.monotonic(), []
        for name in names:
            indexed, entry = self._listing.indexed(name), self._entries.get(name)
            if entry is not None and now >= entry.expires and (indexed is None or indexed.etag != entry.etag):
                due.append((entry.expires, name))
        return frozenset(name for _, name in sorted(due)[:_READS])

    def _check_next(self) -> None:
        """Compare the next entry of the index with the file, cached if it differs."""
        name = self._listing.next_check() if self._listing.is_reachable else None
        indexed = None if name is None else self._listing.indexed(name)
        if name is None or indexed is None:
            return
        with suppress(RegistryError):
            if self._registry.state_changed(name, indexed.etag):
                self._entries[name] = self._read(name, self._entries.get(name) or Entry(None, None, None, 0.0))

    def _may_take_requests(self, name: str) -> bool:
        """Return whether a model takes requests, according to the cache or the index."""
        entry, indexed = self._entries.get(name), self._listing.indexed(name)
        state = entry.state if entry is not None else indexed.state if indexed is not None else None
        return state is None or bool(state.offered)


def _local(bundle: Bundle) -> Figures:
    """Return the figures of a version's local files; without a report, no metrics."""
    import orjson  # as above

    from lightship.bundle.headline import main_metrics

    metrics: dict[str, float] = {}
    if REPORT in bundle.manifest.files:
        with suppress(OSError, orjson.JSONDecodeError, BundleError):
            metrics = main_metrics(orjson.loads((bundle.path / REPORT).read_bytes()))
    return Figures(bundle.size, metrics)


def _state(entry: Entry) -> State:
    if entry.state is None:
        assert entry.error is not None  # noqa: S101 - a read has a state or an error
        raise entry.error.with_traceback(None)  # the same error is raised many times: it would accumulate tracebacks
    return entry.state
