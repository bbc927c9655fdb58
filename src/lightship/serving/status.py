"""ModelStatus: reports on models and versions, without loading any."""

from __future__ import annotations

from pathlib import Path

from lightship.bundle import MANIFEST, Manifest
from lightship.calls import (
    Call,
    Contents,
    Figures,
    History,
    HistoryEntry,
    ModelFile,
    ModelState,
    Report,
    Statistics,
    VersionState,
)
from lightship.errors import LightshipError, RegistryError
from lightship.registry.registry import choose
from lightship.registry.state import Entry, State
from lightship.serving.listing import NeverRead
from lightship.serving.pool import ModelPool
from lightship.serving.registry_cache import RegistryCache
from lightship.serving.router import Router
from lightship.serving.shadows import Shadows


class ModelStatus:
    """Reports on models, versions and their statistics.

    Every method with ``may_read`` reads the registry where the cached state is due; with ``may_read=False`` it reports
    from the cache, or raises NeverRead.

    Args:
        cache: the registry's state.
        router: selects versions.
        pool: loaded versions, and those that failed to load.
        shadows: comparisons of shadow versions.
    """

    def __init__(self, cache: RegistryCache, router: Router, pool: ModelPool, shadows: Shadows) -> None:
        self._cache = cache
        self._router = router
        self._pool = pool
        self._shadows = shadows

    def models(self, *, may_read: bool = True, examples: bool = False, figures: bool = False) -> tuple[ModelState, ...]:
        """Return the state of every model, with a recorded call or figures if wanted."""
        states = self._cache.states(may_read=may_read)
        default = self._router.default_of(states)
        found = [
            ModelState(name, None, (), error=state.message)
            if isinstance(state, RegistryError)
            else self._model(name, state, may_read=may_read, example=examples, listed=not examples)
            for name, state in states.items()
        ]
        found = [state._replace(default=state.name == default) for state in found]
        return tuple(self.with_figures(state, may_read=may_read) if figures else state for state in found)

    def with_figures(self, state: ModelState, *, may_read: bool = True) -> ModelState:
        """Return a model's state with the figures of its version, if they can be read."""
        if state.version is None or state.manifest is None:
            return state  # also with an overview, which has them
        served = self._pool.loaded.get((state.name, state.version))
        bundle = served.model.bundle if served else None
        try:
            figures = self._cache.figures(state.name, state.version, bundle=bundle, may_read=may_read)
            return state._replace(figures=figures)
        except NeverRead:
            raise
        except LightshipError:
            return state

    def model(
        self, name: str, version: int | None = None, label: str | None = None, *, may_read: bool = True
    ) -> ModelState:
        """Return a model's state for one version, by default its default version.

        Raises NotFound.
        """
        state = self._state(name, may_read=may_read)
        model = self._model(name, state, choose(name, state, version, label), may_read=may_read)
        return model._replace(default=self._router.is_default(name, may_read=may_read))

    def report(self, name: str, version: int | None = None, label: str | None = None) -> Report:
        """Return the report of a version, by default the default one; raises NotFound."""
        return self._cache.report(name, self._number(name, version, label))

    def history(self, name: str, *, may_read: bool = True) -> History:
        """Return the changes of a model's labels and traffic; raises NotFound."""
        state = self._state(name, may_read=may_read)
        before = state.previous_entry
        restorable = before is not None and before.routing.versions <= set(state.offered)
        entries = tuple(_history_entry(entry, current=entry is state.entries[-1]) for entry in reversed(state.entries))
        return History(entries, before.number if before and restorable else None)

    def contents(self, name: str, version: int | None = None, label: str | None = None) -> Contents:
        """Return the contents of a version, by default the default one; raises NotFound."""
        return self._cache.contents(name, self._number(name, version, label))

    def file(self, name: str, version: int | None = None, label: str | None = None, *, file: str) -> ModelFile:
        """Return a file of a version that devices need; raises NotFound."""
        from lightship.serving.device_files import device_digest  # imported here: no prediction needs it

        number = self._number(name, version, label)
        manifest, digest = self._cache.manifest(name, number)
        if file != MANIFEST:
            digest = device_digest(manifest, file, subject=f"{name} version {number}")
        return ModelFile(name, number, file, digest)

    def open_file(self, file: ModelFile) -> Path:
        """Return the local copy of a file; raises BundleError or RegistryError."""
        return self._cache.file(file.model, file.version, file.name, file.sha256)

    def link(self, file: ModelFile, *, seconds: int) -> tuple[str, int] | None:
        """Return a URL of a file that expires, and its size; None without URLs."""
        return self._cache.link(file.model, file.version, file.name, seconds=seconds)

    def _number(self, name: str, version: int | None, label: str | None) -> int:
        """Return the number of the selected version, by default of the default one."""
        state = self._state(name, may_read=True)
        number = choose(name, state, version, label) or state.default
        if number is None:
            raise self._cache.not_found(name)
        return number

    def default_model(self, *, may_read: bool = True) -> ModelState:
        """Return the default model's state; raises NotFound."""
        return self.model(self._router.default_name(may_read=may_read), may_read=may_read)

    def versions(
        self, name: str, version: int | None = None, label: str | None = None, *, may_read: bool = True
    ) -> tuple[VersionState, ...]:
        """Return the states of a model's versions, or of the selected one.

        Includes withdrawn versions. Raises NotFound.
        """
        state = self._state(name, may_read=may_read)
        if version not in state.withdrawn:
            version = choose(name, state, version, label)
        numbers = state.versions if version is None else (version,)
        return tuple(self._version(name, number, state) for number in numbers)

    def all_versions(self, *, may_read: bool = True) -> tuple[VersionState, ...]:
        """Return the states of all versions of all models with readable state."""
        return tuple(
            self._version(name, number, state)
            for name, state in self._cache.states(may_read=may_read).items()
            if isinstance(state, State)
            for number in state.versions
        )

    def statistics(
        self, name: str | None = None, version: int | None = None, *, may_read: bool = True
    ) -> tuple[Statistics, ...]:
        """Return the statistics of the loaded versions, of all models or of one.

        Raises NotFound.
        """
        if name is not None:
            choose(name, self._state(name, may_read=may_read), version, None)
        return tuple(
            served.counters.snapshot(served.name, served.version)
            for served in self._pool.all()
            if name in (None, served.name) and version in (None, served.version)
        )

    def _state(self, name: str, *, may_read: bool) -> State:
        state = self._cache.state(name, may_read=may_read)
        if not state.versions:
            raise self._cache.not_found(name, may_read=may_read)
        return state

    def _model(
        self,
        name: str,
        state: State,
        requested: int | None = None,
        *,
        may_read: bool,
        example: bool = False,
        listed: bool = False,
    ) -> ModelState:
        """Return a model's state; an overview replaces the manifest where ``listed``."""
        version = requested or state.default
        if version is None:
            raise self._cache.not_found(name, may_read=may_read)
        error, manifest, digest = self._error(name, version), None, None
        is_loaded = (name, version) in self._pool.loaded
        overview = self._cache.overview(name, version) if listed and error is None and not is_loaded else None
        if overview is not None:
            digest = overview.digest
        elif error is None:
            error, manifest, digest = self._described(name, version, may_read=may_read)
        answering = None if requested or error is None else self._answering(name, state)
        unreadable = self._cache.state_error(name)
        if error is None and unreadable is not None:
            error, answering = unreadable.message, version
        return ModelState(
            name,
            version,
            state.offered,
            manifest=manifest,
            digest=digest,
            error=error,
            example=self._example(name, version, manifest) if example and may_read and manifest else None,
            shadows={shadow: each.to_json() for shadow, each in self._shadows.disagreements(name).items()},
            answering=answering,
            withdrawn=tuple(sorted(state.withdrawn)),
            labels=state.routing.labels,
            traffic=state.routing.traffic,
            mirrored=state.routing.shadows,
            figures=None if overview is None else Figures(overview.size, {}),
            overview=overview,
        )

    def _error(self, name: str, version: int) -> str | None:
        """Return why a version cannot be used."""
        if self._pool.is_unloaded(name):
            return "it was unloaded"
        failure = self._pool.failure((name, version))
        return None if failure is None else failure.message

    def _answering(self, name: str, state: State) -> int | None:
        """Return the version that answers while the default one cannot."""
        previous = self._router.previous(name, state)
        loaded = previous is not None and self._pool.loaded.get((name, previous)) is not None
        return previous if loaded and not self._pool.is_unloaded(name) else None

    def _described(self, name: str, version: int, *, may_read: bool) -> tuple[str | None, Manifest | None, str | None]:
        """Return an error, or the manifest and its digest.

        All three are None where the manifest has not been read yet.
        """
        served = self._pool.loaded.get((name, version))
        try:
            if served is not None:
                return None, served.model.manifest, served.model.bundle.digest
            return None, *self._cache.manifest(name, version, may_read=may_read)
        except NeverRead:
            return None, None, None
        except LightshipError as error:
            return error.message, None, None

    def _example(self, name: str, version: int, manifest: Manifest) -> Call | None:
        served = self._pool.loaded.get((name, version))
        if served is None:
            return self._cache.example(name, version, manifest.signature().name)
        try:
            return Call(served.model.golden()[0])
        except LightshipError:
            return None

    def _version(self, name: str, version: int, state: State) -> VersionState:
        labels = tuple(label for label, number in state.routing.labels.items() if number == version)
        if version in state.withdrawn:
            return VersionState(name, version, "withdrawn")
        if self._pool.is_unloaded(name):
            return VersionState(name, version, "unloaded", labels=labels)
        error = self._error(name, version)
        return VersionState(name, version, "available" if error is None else "failed", error, labels)


def _history_entry(entry: Entry, *, current: bool) -> HistoryEntry:
    routing = entry.routing
    return HistoryEntry(
        entry.number, entry.change, entry.at, routing.labels, routing.traffic, routing.shadows, current=current
    )
