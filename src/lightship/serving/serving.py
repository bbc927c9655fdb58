"""Serving: finds, loads and runs the models of a registry.

A version is loaded on first use, and only once. Synchronous; :mod:`lightship.serving.concurrent` adds a server's
threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lightship.calls import Call, ModelSelector, ModelState, Result
from lightship.errors import LightshipError
from lightship.registry.registry import Registry, choose
from lightship.registry.state import State
from lightship.serving.cache import HIT, MISS, ResponseCache
from lightship.serving.pool import Key, Loading, MemoryLimitReached, ModelPool, Served
from lightship.serving.registry_cache import RegistryCache
from lightship.serving.router import Router, Target, TrafficKey
from lightship.serving.shadows import Shadows
from lightship.serving.status import ModelStatus
from lightship.serving.traffic import shadows
from lightship.settings import NO_TRANSFORMS, TransformSettings

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from lightship.serving.batches import Batching


@dataclass(frozen=True)
class Options:
    """Options for serving models.

    Attributes:
        default: the model for requests that name none; None where the registry must have one model only.
        refresh: seconds for which a model's state is fresh.
        memory: bytes of bundles to keep loaded; the least recently used beyond it are evicted. 0 for no limit.
        idle: seconds after its last call for which a version without label and traffic is kept, unless it is the
            default.
        caches: bytes of results to keep, by name of a model that has a response cache.
        transforms: the user's transforms that models may use.
    """

    default: str | None = None
    refresh: float = 2.0
    memory: int = 0
    idle: float = 600.0
    caches: Mapping[str, int] = field(default_factory=dict)
    transforms: TransformSettings = NO_TRANSFORMS


class Serving:
    """The models of a registry as one process serves them. Thread-safe.

    Attributes:
        cache: the registry's state.
        router: selects versions.
        pool: the loaded versions.
        status: reports on models and versions.
        starting: true while :meth:`start` loads models.
        caches: whether any model has a response cache.

    Args:
        registry: where the versions are.
        options: see :class:`Options`.
        batching: how a long-running server batches calls; None for no batching.
        shadow_executor: runs shadow versions; None runs them in line.
    """

    def __init__(
        self,
        registry: Registry,
        options: Options | None = None,
        *,
        batching: Batching | None = None,
        shadow_executor: Executor | None = None,
    ) -> None:
        options = options or Options()
        self._default = options.default
        self.caches = bool(options.caches)
        self._responses = {name: ResponseCache(limit) for name, limit in options.caches.items()}
        self.cache = RegistryCache(registry, options.refresh)
        loading = Loading(options.transforms, batching)
        self.pool = ModelPool(
            registry, retry=options.refresh, memory=options.memory, idle=options.idle, loading=loading
        )
        self.router = Router(self.cache, self.pool.loaded, options.default)
        self._shadows = Shadows(self.pool, shadow_executor)
        self.status = ModelStatus(self.cache, self.router, self.pool, self._shadows)
        self.starting = False

    def find(self, selector: ModelSelector, key: TrafficKey = bytes) -> Served:
        """Return the version that answers a request, where :meth:`Router.ready` has none.

        Reads the registry and loads the version if needed. Where the request selects no version and the chosen one
        fails to load, the version that answered before is used. Raises NotFound, BundleError, Unavailable or
        RegistryError.
        """
        target = self.resolve(selector, key)
        served = self.pool.loaded.get((target.name, target.version)) or self._load(target)
        if not target.explicit:
            self.router.last_versions[served.name] = served.version
        return served

    def resolve(self, selector: ModelSelector, key: TrafficKey, *, may_read: bool = True) -> Target:
        """Return the target of a request, and evict versions that are not needed.

        Reads the registry where its state is due. Raises as :meth:`Router.target`.
        """
        target = self.router.target(selector, key, may_read=may_read)
        state = target.state
        needed = {*state.routing.versions, state.default, self.router.previous(target.name, state)}
        self.pool.evict_unneeded(target.name, offered=state.offered, needed=needed)
        return target

    def previous(self, target: Target) -> Served | None:
        """Return the loaded version that answered before.

        Returns None where the request selects a version, or that version is not loaded.
        """
        if target.explicit:
            return None
        return self.pool.loaded.get((target.name, self.router.previous(target.name, target.state) or 0))

    def responses(self, served: Served) -> ResponseCache | None:
        """Return the response cache of a version's model.

        Returns None without a cache, and for stateful models.
        """
        return None if served.model.stateful else self._responses.get(served.name)

    def predict(self, served: Served, call: Call) -> tuple[Result, Mapping[str, str]]:
        """Run a call; return its result and the response's headers.

        The headers state the version, and ``hit`` or ``miss`` where the model has a response cache.
        """
        cache = self.responses(served)
        if cache is None:
            return served.predict(call), served.headers
        lookup = cache.look_up(served, call)
        if lookup.result is not None:
            return lookup.result, {**served.headers, **HIT}
        result = served.predict(call)
        cache.keep(served, lookup, result)
        return result, {**served.headers, **MISS}

    def shadow(self, served: Served, result: Result, *, key: bytes) -> None:
        """Run a call also on the versions that shadow this one.

        On Lambda, which freezes the process after the response, they run in line: the client waits for them.
        """
        state = self.cache.last(served.name)
        if state is None or not state.routing.shadows:
            return
        for version in shadows(state, key):
            if version != served.version:
                self._shadows.run(served.name, version, result)

    def start(self) -> tuple[ModelState, ...]:
        """Load every model's default version, the default model first.

        Stops at the memory limit. A failure is reported in the model's state and does not stop the others. Raises
        RegistryError where the registry has never been listed.
        """
        self.starting = True
        try:
            for name in sorted(self.cache.names(), key=lambda name: name != self._default):
                try:
                    self.load(name, spare=True)
                except MemoryLimitReached:
                    break  # the others are loaded on first use
                except LightshipError:
                    continue
        finally:
            self.starting = False
        return self.status.models()

    def load(self, name: str, version: int | None = None, *, spare: bool = False) -> Served:
        """Load a version, by default the default one.

        ``spare`` is as in :meth:`ModelPool.load`. Raises NotFound, BundleError or Unavailable.
        """
        state = self.cache.state(name)
        number = (choose(name, state, version, None) or state.default) if state.versions else None
        if number is None:
            raise self.cache.not_found(name)
        served = self.pool.load((name, number), spare=spare)
        if version is None:
            self.router.last_versions[served.name] = served.version
        return served

    def forget(self) -> None:
        """Forget the registry's state and failures to load; loaded versions are kept."""
        self.cache.forget()
        self.pool.forget_failures()

    def load_default(self) -> None:
        """Load the default model; a failure is reported in its status."""
        with suppress(LightshipError):
            self.load(self.router.default_name())

    def default_to_load(self, *, may_read: bool = True) -> Key | None:
        """Return the default model's version if it has never been loaded.

        Returns None also where an earlier version answers. Raises NotFound.
        """
        name = self.router.default_name(may_read=may_read)
        state = self.cache.state(name, may_read=may_read)
        previous = self.router.previous(name, state)
        if state.default is None or self.pool.was_loaded((name, state.default)):
            return None
        return None if previous and self.pool.loaded.get((name, previous)) else (name, state.default)

    def load_default_once(self) -> None:
        """Load the default model if it has never been loaded, to find out if it is ready."""
        with suppress(LightshipError):
            if (key := self.default_to_load()) is not None:
                self.pool.load(key)

    def retries(self) -> list[Key]:
        """Return the default versions that failed to load and are due for a retry."""
        return [key for key in self.pool.retries() if (state := self.cache.last(key[0])) and state.default == key[1]]

    def loaded(self) -> list[tuple[str, int]]:
        """Return the loaded versions by name and number."""
        return [(served.name, served.version) for served in self.pool.all()]

    def reload(self, name: str) -> ModelState:
        """Load a model's default version, also after :meth:`unload`.

        Raises NotFound, BundleError or Unavailable.
        """
        self.cache.expire(name)
        self._check_exists(name)
        self.pool.allow(name)
        self.load(name)
        return self.status.model(name)

    def change(self, name: str, change: Callable[[State], State]) -> ModelState:
        """Change a model's state in the registry; the new one is in force at once here.

        The versions that now answer are loaded; a failure is reported in the model's state. Raises NotFound,
        RegistryError, and what ``change`` raises.
        """
        self.cache.change(name, change)
        state = self.cache.state(name)
        for version in state.routing.traffic or filter(None, [state.default]):
            with suppress(LightshipError):
                self.pool.load((name, version))
        return self.status.with_figures(self.status.model(name))

    def unload(self, name: str) -> None:
        """Evict a model's versions and refuse requests for it until :meth:`reload`.

        Raises NotFound.
        """
        self._check_exists(name)
        self.router.last_versions.pop(name, None)
        self.pool.unload(name)

    def _check_exists(self, name: str) -> None:
        if not self.cache.state(name).versions:
            raise self.cache.not_found(name)

    def _load(self, target: Target) -> Served:
        try:
            return self.pool.load((target.name, target.version))
        except LightshipError:
            previous = self.previous(target)
            if previous is None:
                raise
            return previous
