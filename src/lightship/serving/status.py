"""How models stand: told from what is known and what is on the shelf. Nothing is loaded in order to tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from lightship.bundle import Manifest
from lightship.calls import Call, ModelState, Statistics, VersionState
from lightship.errors import LightshipError, NotFound, RegistryError
from lightship.registry.registry import Registry, choose
from lightship.registry.state import State
from lightship.serving.pool import Key, Shelf
from lightship.serving.registry_cache import Known, NeverRead
from lightship.serving.shadows import Shadows


class Standings:
    """Tells of models, versions and what they have done.

    Every method that takes ``ask`` asks the registry where that is due; without, what is known is told.

    Args:
        registry: where recorded examples are.
        known: what the registry is known to say.
        shelf: what is loaded, and what could not be.
        shadows: what versions that run unheard have shown.
        default: the model that answers where a request names none.
        unloaded: names of models that somebody had unloaded.
        answering: the version that answered last, by model.
        retry: loads a version that could not be loaded, now or soon.
    """

    def __init__(
        self,
        registry: Registry,
        known: Known,
        shelf: Shelf,
        shadows: Shadows,
        *,
        default: str | None,
        unloaded: Collection[str],
        answering: Mapping[str, int],
        retry: Callable[[Key], object],
    ) -> None:
        self._registry = registry
        self._known = known
        self._shelf = shelf
        self._shadows = shadows
        self._default = default
        self._unloaded = unloaded
        self._answering = answering
        self._retry = retry

    def default_name(self, *, ask: bool = True) -> str:
        """The default model's name; raises NotFound where it is not clear which one is meant."""
        if self._default is not None:
            return self._default
        names = list(self._known.all(ask=ask))
        if len(names) == 1:
            return names[0]
        if not names:
            raise NotFound("there is no model in the registry: compile one first")
        raise NotFound(
            f"there are several models ({', '.join(names)}): ask /models/<name>/predict, or start the server with "
            "--default or LIGHTSHIP_DEFAULT_MODEL"
        )

    def states(self, *, ask: bool = True, examples: bool = False) -> tuple[ModelState, ...]:
        """Every model as it stands, with a recorded call each where ``examples`` are wanted."""
        found = self._known.all(ask=ask)
        default = self._default or (next(iter(found)) if len(found) == 1 else None)
        return tuple(
            ModelState(name, None, (), name == default, error=state.message)
            if isinstance(state, RegistryError)
            else self._told(name, state, default=name == default, ask=ask, example=examples)
            for name, state in found.items()
        )

    def state(self, name: str, version: int | None = None, label: str | None = None, *, ask: bool = True) -> ModelState:
        """A model as it stands, seen through one version, by default its default one; raises NotFound."""
        state = self._state(name, ask=ask)
        default = name == self._default or (self._default is None and list(self._known.all(ask=ask)) == [name])
        return self._told(name, state, choose(name, state, version, label), default=default, ask=ask)

    def version_states(
        self, name: str, version: int | None = None, label: str | None = None, *, ask: bool = True
    ) -> tuple[VersionState, ...]:
        """Every version of a model as it stands, withdrawn ones too, or the one that is asked for; raises NotFound."""
        state = self._state(name, ask=ask)
        if version not in state.withdrawn:
            version = choose(name, state, version, label)
        numbers = state.versions if version is None else (version,)
        return tuple(self._version(name, number, state) for number in numbers)

    def all_versions(self, *, ask: bool = True) -> tuple[VersionState, ...]:
        """Every version of every model as it stands. A model whose state cannot be read has none that are known."""
        return tuple(
            self._version(name, number, state)
            for name, state in self._known.all(ask=ask).items()
            if isinstance(state, State)
            for number in state.versions
        )

    def statistics(
        self, name: str | None = None, version: int | None = None, *, ask: bool = True
    ) -> tuple[Statistics, ...]:
        """What the loaded versions have done, of all models or of one; raises NotFound."""
        if name is not None:
            choose(name, self._state(name, ask=ask), version, None)
        return tuple(
            served.counters.snapshot(served.name, served.version)
            for served in self._shelf.all()
            if name in (None, served.name) and version in (None, served.version)
        )

    def _state(self, name: str, *, ask: bool) -> State:
        state = self._known.state(name, ask=ask)
        if not state.versions:
            raise self._known.unknown(name, ask=ask)
        return state

    def _told(
        self, name: str, state: State, named: int | None = None, *, default: bool, ask: bool, example: bool = False
    ) -> ModelState:
        number = named or state.default
        if number is None:
            raise self._known.unknown(name, ask=ask)
        error, manifest, digest = self._wrong(name, number), None, None
        if error is None:
            try:
                manifest, digest = self._described(name, number, ask=ask)
            except NeverRead:
                pass  # it will be, when the registry lets us
            except LightshipError as failure:
                error = failure.message
        answering = None if named or error is None else self._goes_on(name, state)
        trouble = self._known.trouble(name)
        if error is None and trouble is not None:
            error, answering = trouble.message, number
        return ModelState(
            name,
            number,
            state.offered,
            default,
            manifest,
            digest,
            error,
            self._example(name, number, manifest) if example and ask and manifest else None,
            {version: seen.to_json() for version, seen in self._shadows.seen(name).items()},
            answering,
            tuple(sorted(state.withdrawn)),
        )

    def _wrong(self, name: str, version: int) -> str | None:
        """Why a version cannot be asked. What has failed is tried again, when it is time to."""
        key = name, version
        if name in self._unloaded:
            return "it was unloaded"
        if self._shelf.failure(key) is not None and not self._shelf.resting(key):
            self._retry(key)
        failure = self._shelf.failure(key)
        return None if failure is None else failure.message

    def _goes_on(self, name: str, state: State) -> int | None:
        """The version that answers while the default one cannot."""
        before = self._answering.get(name)
        loaded = before in state.offered and self._shelf.get((name, before)) is not None
        return before if loaded and name not in self._unloaded else None

    def _described(self, name: str, version: int, *, ask: bool) -> tuple[Manifest, str]:
        served = self._shelf.get((name, version))
        if served is None:
            return self._known.manifest(name, version, ask=ask)
        return served.model.manifest, served.model.bundle.digest

    def _example(self, name: str, version: int, manifest: Manifest) -> Call | None:
        served = self._shelf.get((name, version))
        try:
            if served is not None:
                return Call(served.model.golden()[0])
            return Call(self._registry.golden(name, version)[manifest.signature().name][0])
        except (LightshipError, KeyError):
            return None

    def _version(self, name: str, version: int, state: State) -> VersionState:
        mine = tuple(label for label, number in state.routing.labels.items() if number == version)
        if version in state.withdrawn:
            return VersionState(name, version, "withdrawn")
        if name in self._unloaded:
            return VersionState(name, version, "unloaded", labels=mine)
        error = self._wrong(name, version)
        return VersionState(name, version, "available" if error is None else "failed", error, mine)
